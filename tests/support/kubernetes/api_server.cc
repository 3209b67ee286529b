#include "tests/support/kubernetes/api_server.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "tests/support/kubernetes/refusal.h"

namespace chains::deploy::fake {
namespace {

constexpr absl::Duration kBookmarkEvery = absl::Minutes(1);
constexpr size_t kMaxAsked = 1000;

HttpResponse Head() {
  HttpResponse head;
  head.status = 200;
  head.headers["content-type"] = "application/json";
  return head;
}

HttpResponse LineOf(std::string text) {
  HttpResponse line;
  line.status = 200;
  line.body = std::move(text);
  return line;
}

}  // namespace

// A watch is told of changes as long as this lives.
class ApiServer::Listening {
 public:
  Listening(ApiServer& server, Loop& loop)
      : server_(server), waiter_(std::make_shared<Waiter>(loop)) {
    const std::lock_guard lock(server_.mutex_);
    server_.waiters_.insert(waiter_);
  }
  ~Listening() {
    const std::lock_guard lock(server_.mutex_);
    server_.waiters_.erase(waiter_);
  }
  Listening(const Listening&) = delete;
  const std::shared_ptr<Waiter>& waiter() const { return waiter_; }

 private:
  ApiServer& server_;
  const std::shared_ptr<Waiter> waiter_;
};

ApiServer::ApiServer(uint64_t seed) : random_(seed) {
  core_.store().on_change = [this] { Wake(); };
}
ApiServer::~ApiServer() = default;

// Under the lock.
void ApiServer::Wake() {
  for (const std::shared_ptr<Waiter>& waiter : waiters_) {
    if (waiter->loop.InLoop()) {
      waiter->changed.Give();
    } else {
      waiter->loop.Post([waiter] { waiter->changed.Give(); });
    }
  }
}

void ApiServer::SetFaults(Faults faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}

void ApiServer::FailNext(std::function<bool(const HttpRequest&)> which, HttpResponse answer) {
  const std::lock_guard lock(mutex_);
  scripted_.push_back({std::move(which), std::move(answer)});
}

void ApiServer::DropWatches() {
  const std::lock_guard lock(mutex_);
  for (const std::shared_ptr<Waiter>& waiter : waiters_) waiter->dropped = true;
  Wake();
}

std::deque<std::string> ApiServer::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

bool ApiServer::Happens(double chance) {
  return chance > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < chance;
}

absl::Duration ApiServer::Slowness() {
  if (!Happens(faults_.slow)) return absl::ZeroDuration();
  return faults_.slow_for * std::uniform_real_distribution<double>(0, 1)(random_);
}

ApiServer::Fate ApiServer::FateOf(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  Fate fate;
  const auto scripted = std::find_if(scripted_.begin(), scripted_.end(),
                                     [&](const Scripted& each) { return each.which(request); });
  if (scripted != scripted_.end()) {
    fate.answer = std::move(scripted->answer);
    fate.refused = fate.answer.status == 0;
    scripted_.erase(scripted);
    return fate;
  }
  fate.before = Slowness();
  fate.after = Slowness();
  fate.refused = Happens(faults_.refused);
  fate.lost = Happens(faults_.lost_answers);
  if (Happens(faults_.too_many)) {
    fate.answer = Refusal(429, "TooManyRequests", "too many requests, please try again later.");
    fate.answer.headers["retry-after"] = "1";
  } else if (Happens(faults_.errors)) {
    fate.answer = Refusal(500, "InternalError", "Internal error occurred: etcdserver: timed out");
  }
  return fate;
}

Task<HttpResponse> ApiServer::Send(HttpRequest request, absl::Duration timeout) {
  HttpResponse response = co_await WithTimeout(Answer(std::move(request)), timeout);
  co_return std::move(response);
}

Task<HttpResponse> ApiServer::Answer(HttpRequest request) {
  const chains::internal::Here::Place here = co_await chains::internal::Here();
  Fate fate = FateOf(request);
  co_await Sleep(fate.before);
  if (fate.refused) co_return absl::UnavailableError("connection refused");
  HttpResponse response = std::move(fate.answer);
  {
    const std::lock_guard lock(mutex_);
    if (response.status == 0) response = core_.Handle(request, here.loop().Now());
    asked_.push_back(Text(request.method(), " ", request.target(), ": ", response.status));
    if (asked_.size() > kMaxAsked) asked_.pop_front();
  }
  co_await Sleep(fate.after);
  if (fate.lost) co_return absl::UnavailableError("connection reset by peer");
  co_return std::move(response);
}

Task<void> ApiServer::Changed(std::shared_ptr<Waiter> waiter) { co_await waiter->changed.Wait(); }

Stream<HttpResponse> ApiServer::Follow(HttpRequest request, absl::Duration quiet) {
  const chains::internal::Here::Place here = co_await chains::internal::Here();
  Fate fate = FateOf(request);
  co_await Sleep(fate.before);
  if (fate.refused) co_await absl::UnavailableError("connection refused");
  if (fate.answer.status != 0) {
    co_yield std::move(fate.answer);
    co_return;
  }
  const Listening listening(*this, here.loop());
  WatchCursor cursor;
  std::optional<HttpResponse> refusal;
  bool silent = false;
  {
    const std::lock_guard lock(mutex_);
    if (Happens(faults_.gone_watches)) core_.store().Compact();
    refusal = core_.BeginWatch(request, here.loop().Now(), cursor);
    silent = Happens(faults_.silent_watches);
  }
  if (refusal) {
    co_yield *std::move(refusal);
    co_return;
  }
  co_yield Head();
  if (silent) {
    co_await Sleep(quiet);
    co_await absl::UnavailableError("nothing came");
  }
  absl::Time bookmark = here.loop().Now() + kBookmarkEvery;
  while (true) {
    std::vector<std::string> lines;
    bool cut = false;
    {
      const std::lock_guard lock(mutex_);
      lines = core_.NextLines(cursor);
      cut = listening.waiter()->dropped;
      for (size_t i = 0; i < lines.size() && !cut; ++i) {
        cut = Happens(faults_.dropped_watches);
        if (cut) lines.resize(i + 1);
      }
    }
    for (std::string& line : lines) {
      HttpResponse item = LineOf(std::move(line));
      co_yield std::move(item);
    }
    if (cut) co_await absl::UnavailableError("connection reset by peer");
    const absl::Time now = here.loop().Now();
    if (now >= cursor.ends) co_return;
    if (cursor.bookmarks && now >= bookmark) {
      bookmark = now + kBookmarkEvery;
      std::string line;
      {
        const std::lock_guard lock(mutex_);
        line = core_.BookmarkLine(cursor);
      }
      HttpResponse item = LineOf(std::move(line));
      co_yield std::move(item);
      continue;
    }
    if (!lines.empty()) continue;
    const absl::Time until = cursor.bookmarks ? std::min(bookmark, cursor.ends) : cursor.ends;
    (void)co_await Outcome(WithTimeout(Changed(listening.waiter()), until - now));
  }
}

}  // namespace chains::deploy::fake
