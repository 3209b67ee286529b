#include "chains/http/curl_worker.h"

#include <algorithm>
#include <csignal>
#include <pthread.h>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"

namespace chains::http {
namespace {

constexpr size_t kMaxRequests = 4096;
constexpr long kMaxConnections = 256;  // further requests wait for one
constexpr long kKeptConnections = 16;
constexpr absl::Duration kLongestRest = absl::Seconds(10);

CURLM* NewMulti() {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  return once == CURLE_OK ? curl_multi_init() : nullptr;
}

// OpenSSL writes without MSG_NOSIGNAL: to who has hung up, that would end the process.
void BlockPipeSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

CurlWorker::CurlWorker(ServerAddress address) : address_(std::move(address)), multi_(NewMulti()) {
  if (multi_ == nullptr) return;
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, kMaxConnections);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kKeptConnections);
  thread_ = std::thread([this] { Run(); });
}

CurlWorker::~CurlWorker() {
  if (multi_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_);
  thread_.join();
  curl_multi_cleanup(multi_);
}

void CurlWorker::Begin(Request request) {
  if (multi_ == nullptr) {
    return request->Fail(absl::ResourceExhaustedError("libcurl cannot be started"));
  }
  if (running_.fetch_add(1) >= kMaxRequests) {
    --running_;
    return request->Fail(absl::ResourceExhaustedError(
        Text("there are ", kMaxRequests, " requests to this server already")));
  }
  Post(Verb::kBegin, std::move(request));
}

void CurlWorker::Cancel(Request request) { Post(Verb::kCancel, std::move(request)); }
void CurlWorker::GoOn(Request request) { Post(Verb::kGoOn, std::move(request)); }

void CurlWorker::Post(Verb verb, Request request) {
  if (multi_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back({verb, std::move(request)});
  }
  curl_multi_wakeup(multi_);
}

void CurlWorker::Run() {
  BlockPipeSignal();
  while (true) {
    std::vector<Command> commands;
    {
      const std::lock_guard lock(mutex_);
      commands.swap(commands_);
      if (stopping_) return Stop(commands);
    }
    for (Command& command : commands) Obey(std::move(command));
    commands.clear();
    int active = 0;
    curl_multi_perform(multi_, &active);
    FinishAll();
    const absl::Duration rest = std::min(EndQuiet(), kLongestRest);
    curl_multi_poll(multi_, nullptr, 0,
                    static_cast<int>(absl::ToInt64Milliseconds(rest + absl::Milliseconds(1))),
                    nullptr);
  }
}

void CurlWorker::Stop(const std::vector<Command>& commands) {
  const absl::Status ended =
      absl::UnavailableError("this process stops: what was asked of the server is not waited for");
  for (const Command& command : commands) command.request->Fail(ended);
  while (!requests_.empty()) {
    const Request request = *requests_.begin();
    End(request);
    request->Fail(ended);
  }
}

void CurlWorker::Obey(Command command) {
  const bool runs = requests_.contains(command.request);
  switch (command.verb) {
    case Verb::kBegin:
      return Start(command.request);
    case Verb::kCancel:
      if (runs) End(command.request);
      return;
    case Verb::kGoOn:
      if (!runs) return;
      if (const CURLcode code = command.request->GoOn(); code != CURLE_OK) {
        Finish(command.request, code);
      }
      return;
  }
}

void CurlWorker::Start(const Request& request) {
  absl::Status status = request->Prepare(address_);
  if (status.ok() && curl_multi_add_handle(multi_, request->handle()) != CURLM_OK) {
    status = absl::ResourceExhaustedError("libcurl cannot take the request");
  }
  if (!status.ok()) {
    --running_;
    return request->Fail(std::move(status));
  }
  requests_.insert(request);
}

void CurlWorker::Finish(const Request& request, CURLcode code) {
  End(request);
  request->Finish(code);
}

void CurlWorker::End(const Request& request) {
  curl_multi_remove_handle(multi_, request->handle());
  requests_.erase(request);
  --running_;
}

void CurlWorker::FinishAll() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    const CURL* const handle = message->easy_handle;
    const auto found =
        std::find_if(requests_.begin(), requests_.end(),
                     [&](const Request& request) { return request->handle() == handle; });
    if (found == requests_.end()) continue;
    const Request request = *found;
    Finish(request, code);
  }
}

absl::Duration CurlWorker::EndQuiet() {
  const absl::Time now = absl::Now();
  absl::Time next = absl::InfiniteFuture();
  std::vector<Request> quiet;
  for (const Request& request : requests_) {
    const absl::Time until = request->quiet_until();
    if (until <= now) {
      quiet.push_back(request);
    } else {
      next = std::min(next, until);
    }
  }
  for (const Request& request : quiet) {
    End(request);
    request->Fail(absl::UnavailableError("nothing came from the server for too long"));
  }
  return next - now;
}

}  // namespace chains::http
