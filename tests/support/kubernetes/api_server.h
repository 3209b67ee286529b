// ApiServer: a Kubernetes API server in memory, behind the seam that the real one is behind.
//
//   ApiServer server(seed);
//   server.With([](ApiCore& core) { core.MakeNamespace("chains"); });
//   ApiClient api(server, {});
//   server.SetFaults({.too_many = 0.1, .lost_answers = 0.05});
//
// It does what a server of 1.36 does with what is sent to it, as far as our objects need: strict
// validation, defaults, ownership of fields, optimistic concurrency, graceful deletion, watches
// with bookmarks that can be Gone. No controller runs in it: see world.h.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/notice.h"
#include "deploy/apiserver/transport.h"
#include "tests/support/kubernetes/api_core.h"

namespace chains::deploy::fake {

// What goes wrong: how often, of all requests, from 0 to 1.
struct Faults {
  double refused = 0;          // the connection is refused; nothing happened
  double lost_answers = 0;     // it happened, and the connection broke
  double too_many = 0;         // 429 with Retry-After: 1
  double errors = 0;           // 500
  double slow = 0;             // takes up to `slow_for`
  double dropped_watches = 0;  // after one of its lines
  double silent_watches = 0;   // nothing comes, and it does not end
  double gone_watches = 0;     // what happened before is forgotten when a watch begins
  absl::Duration slow_for = absl::Seconds(2);
};

// Of any loop, and thread-safe. On one loop the same seed gives the same faults.
class ApiServer final : public Transport {
 public:
  explicit ApiServer(uint64_t seed = 1);
  ~ApiServer() override;

  Task<HttpResponse> Send(HttpRequest request, absl::Duration timeout) override;
  Stream<HttpResponse> Follow(HttpRequest request, absl::Duration quiet) override;

  void SetFaults(Faults faults);
  // The next requests for which `which` is true ("PATCH /api/…") get `answer`; 0 as its status: the
  // connection breaks, and nothing happened. Once for each.
  void FailNext(std::function<bool(const HttpRequest&)> which, HttpResponse answer);
  // All watches end now, as when a server restarts.
  void DropWatches();
  // What was asked, the last 1000: "PATCH /apis/…: 200".
  std::deque<std::string> asked() const;

  // The only way to look inside, or to change something without a request.
  template <typename F>
  auto With(F look) {
    const std::lock_guard lock(mutex_);
    return look(core_);
  }

 private:
  struct Waiter {
    explicit Waiter(Loop& on) : loop(on) {}
    Loop& loop;
    Notice changed;
    bool dropped = false;  // guarded by mutex_
  };
  class Listening;
  struct Fate {
    absl::Duration before, after;  // that it takes
    bool refused = false, lost = false;
    HttpResponse answer;  // instead; where its status is not 0
  };

  Fate FateOf(const HttpRequest& request);
  bool Happens(double chance);
  absl::Duration Slowness();
  void Wake();
  Task<HttpResponse> Answer(HttpRequest request);
  Task<void> Changed(std::shared_ptr<Waiter> waiter);

  mutable std::mutex mutex_;
  ApiCore core_;
  Faults faults_;
  std::mt19937_64 random_;
  struct Scripted {
    std::function<bool(const HttpRequest&)> which;
    HttpResponse answer;
  };
  std::deque<Scripted> scripted_;
  std::deque<std::string> asked_;
  std::set<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace chains::deploy::fake
