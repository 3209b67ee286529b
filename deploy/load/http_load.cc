#include "deploy/load/http_load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <sys/epoll.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "deploy/load/http_connection.h"
#include "deploy/load/meter.h"
#include "deploy/load/waiting.h"

namespace chains::load {
namespace {

using std::chrono::nanoseconds;
using Time = Meter::Time;

constexpr int kEventsAtOnce = 256;
// How often it is looked for calls that take too long.
constexpr nanoseconds kTimeoutTick = std::chrono::milliseconds(10);

std::string RequestText(const HttpTarget& target, const std::string& host,
                        const std::string& body) {
  std::string text = absl::StrCat("POST ", target.path, " HTTP/1.1\r\nHost: ", host,
                                  "\r\nContent-Type: ", target.content_type,
                                  "\r\nContent-Length: ", body.size(), "\r\n");
  for (const auto& [name, value] : target.headers) {
    absl::StrAppend(&text, name, ": ", value, "\r\n");
  }
  absl::StrAppend(&text, "\r\n", body);
  return text;
}

bool HasControl(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

absl::Status Check(const HttpTarget& target) {
  if (target.payloads.empty()) {
    return absl::InvalidArgumentError("payloads: at least one is needed");
  }
  if (target.path.empty() || target.path[0] != '/' || HasControl(target.path) ||
      target.path.find(' ') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("path ", target.path, ": it begins with / and has no spaces"));
  }
  for (const auto& [name, value] : target.headers) {
    if (name.empty() || HasControl(name) || HasControl(value)) {
      return absl::InvalidArgumentError(absl::StrCat("header ", name, ": one line is expected"));
    }
  }
  return absl::OkStatus();
}

// The warm-up connects all, if there is one.
Plan ConnectingAll(Plan plan) {
  if (plan.warm_up > 0) plan.warm_up = std::max<int64_t>(plan.warm_up, plan.in_flight);
  return plan;
}

class HttpLoad final : private HttpConnection::Owner {
 public:
  HttpLoad(const HttpTarget& target, const Endpoint& endpoint, const Plan& plan)
      : endpoint_(endpoint),
        plan_(ConnectingAll(plan)),
        timeout_(absl::ToChronoNanoseconds(plan.timeout)),
        meter_(plan_, target.payloads),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (const Payload& payload : target.payloads) {
      requests_.push_back(RequestText(target, endpoint.host, payload.body));
    }
    HttpConnection::Owner& self = *this;
    for (int i = 0; i < plan.in_flight; ++i) {
      connections_.push_back(std::make_unique<HttpConnection>(endpoint_, epoll_, self));
      idle_.push_back(connections_.back().get());
    }
  }
  ~HttpLoad() {
    connections_.clear();
    if (epoll_ >= 0) close(epoll_);
  }
  HttpLoad(const HttpLoad&) = delete;
  HttpLoad& operator=(const HttpLoad&) = delete;

  absl::StatusOr<Report> Run() {
    if (epoll_ < 0) return absl::ErrnoToStatus(errno, "epoll");
    next_look_ = Now();
    for (Time now = Now(); !meter_.over(); now = Now()) {
      EndLate(now);
      meter_.Tick(now);
      StartWhatIsDue(now);
      if (!meter_.over()) Wait();
    }
    if (!meter_.status().ok()) return meter_.status();
    return std::move(meter_).Take();
  }

 private:
  static Time Now() { return std::chrono::steady_clock::now(); }

  // One round over what is idle: a call that fails at once must not keep this from its bound.
  void StartWhatIsDue(Time now) {
    for (size_t left = idle_.size(); left > 0 && meter_.MayStart(now); --left) {
      HttpConnection& connection = *idle_.back();
      idle_.pop_back();
      const Meter::Call call = meter_.Start(now);
      connection.Start(call, requests_[call.payload]);
      now = Now();
    }
  }
  void Wait() {
    const Time now = Now();
    const Time start = idle_.empty() ? Time::max() : meter_.NextStart();
    const Time other =
        meter_.MayStart(now) && !idle_.empty() ? now : std::min(meter_.NextTick(), next_look_);
    const int wait = static_cast<int>(LongestWait(now, start, other).count());
    std::array<epoll_event, kEventsAtOnce> events;
    const int count = epoll_wait(epoll_, events.data(), kEventsAtOnce, wait);
    for (int i = 0; i < count; ++i) {
      static_cast<HttpConnection*>(events[i].data.ptr)->OnEvents();
    }
  }
  void EndLate(Time now) {
    if (now < next_look_) return;
    next_look_ = now + std::min(kTimeoutTick, timeout_);
    for (const std::unique_ptr<HttpConnection>& connection : connections_) {
      if (connection->is_busy() && now - connection->call().due >= timeout_) connection->TimeOut();
    }
  }
  void OnEnded(HttpConnection& connection, std::string_view kind, std::string_view words) override {
    idle_.push_back(&connection);
    if (kind.empty()) {
      meter_.Answered(connection.call(), Now());
    } else {
      meter_.Failed(connection.call(), Now(), kind, words);
    }
  }

  const Endpoint& endpoint_;
  const Plan plan_;
  const nanoseconds timeout_;
  Meter meter_;
  const int epoll_;
  std::vector<std::string> requests_;  // of each payload
  std::vector<std::unique_ptr<HttpConnection>> connections_;
  std::vector<HttpConnection*> idle_;  // who was used last is used next
  Time next_look_;
};

}  // namespace

absl::StatusOr<Report> RunHttp(const HttpTarget& target, const Plan& plan) {
  if (absl::Status valid = Validate(plan); !valid.ok()) return valid;
  if (absl::Status valid = Check(target); !valid.ok()) return valid;
  absl::StatusOr<Endpoint> endpoint = ResolveEndpoint(target.address);
  if (!endpoint.ok()) return endpoint.status();
  absl::StatusOr<Report> report = HttpLoad(target, *endpoint, plan).Run();
  if (report.ok()) return report;
  return absl::Status(report.status().code(),
                      absl::StrCat(target.address, ": ", report.status().message()));
}

}  // namespace chains::load
