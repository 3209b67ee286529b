// CurlWorker: the thread on which libcurl talks to one server.
//
//   CurlWorker worker(address);
//   auto request = std::make_shared<CurlRequest>(std::move(asked), limits, box);
//   worker.Begin(request);
//   …
//   worker.Cancel(request);
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <curl/curl.h>

#include "absl/time/time.h"
#include "chains/http/curl_request.h"
#include "chains/http/server_address.h"

namespace chains::http {

// Thread-safe.
class CurlWorker {
 public:
  using Request = std::shared_ptr<CurlRequest>;

  explicit CurlWorker(ServerAddress address);
  // What runs is ended; its box says UNAVAILABLE.
  ~CurlWorker();
  CurlWorker(const CurlWorker&) = delete;

  // Too many at a time: its box says RESOURCE_EXHAUSTED.
  void Begin(Request request);
  void Cancel(Request request);
  void GoOn(Request request);

  // Requests that run.
  size_t running() const { return running_; }

 private:
  enum class Verb { kBegin, kCancel, kGoOn };
  struct Command {
    Verb verb;
    Request request;
  };

  void Post(Verb verb, Request request);
  void Run();
  void Obey(Command command);
  void Start(const Request& request);
  void Finish(const Request& request, CURLcode code);
  void End(const Request& request);
  void FinishAll();
  void Stop(const std::vector<Command>& commands);
  // How long nothing needs to be looked at.
  absl::Duration EndQuiet();

  const ServerAddress address_;
  CURLM* const multi_;
  std::set<Request> requests_;  // on the thread
  std::atomic<size_t> running_{0};
  std::mutex mutex_;
  std::vector<Command> commands_;  // guarded by mutex_
  bool stopping_ = false;          // guarded by mutex_
  std::thread thread_;
};

}  // namespace chains::http
