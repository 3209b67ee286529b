// Reactor: one thread and one completion queue, for the calls that a process serves and makes.
//
//   chains::WorkerPool workers;
//   chains::Reactor reactor(workers);
//   chains::GrpcChannel channel("127.0.0.1:9000", reactor);
//   reactor.Start();
//   absl::StatusOr<chains::Bytes> reply =
//       chains::RunOn(reactor, [&] { return channel.Unary(method, std::move(request)); });
//   reactor.Stop();
//
// Timers are the deadline of the wait for the queue, and any number of Post() costs one wake-up.
// Events that come together are taken together: what they make ready, answers say, runs after them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/poller.h"
#include "chains/core/worker_pool.h"

namespace chains {

namespace internal {
class PollWatcher;
}  // namespace internal

class Reactor final : public Loop {
 public:
  // What gRPC hands back when an operation is done: the `tag` of its asynchronous interface.
  class Tag {
   public:
    virtual void Complete(bool ok) = 0;

   protected:
    ~Tag() = default;
  };

  // Something that a reactor must not stop before it ended: a call, a task started from outside.
  class Work : public internal::ListNode {
   public:
    // Asks it to end soon; the reactor stops.
    virtual void Cancel() = 0;

   protected:
    ~Work() = default;
  };

  // `workers` outlives the reactor. The queue may be a server's, which must be shut down before
  // Stop().
  explicit Reactor(WorkerPool& workers);
  Reactor(WorkerPool& workers, std::unique_ptr<grpc::CompletionQueue> queue);
  ~Reactor() override;  // stops

  // Serves `poller` on the same thread. Before Start(); it outlives Stop().
  void Attach(Poller& poller);

  void Start();
  // Cancels what runs, waits for it, for Blocking work and for what it hosts, and joins the thread.
  // Not on the reactor's thread; repeating it does nothing.
  void Stop();

  // For calls, on the reactor's thread (or while it does not run).

  grpc::CompletionQueue& queue() { return *queue_; }
  // Lists `work`, until it is unlinked or destroyed. False when the reactor stops: then no
  // operation may be started.
  [[nodiscard]] bool Admit(Work& work);
  bool stopping() const { return stopping_; }

  // Any thread: the reactor ended, and what is posted now will not run.
  bool ended() const { return ended_; }

  // For tests, from any thread: how often the thread had nothing to do and waited, how often it was
  // woken from outside, and how often by way of the poller's watcher.
  uint64_t rests() const { return rests_.load(std::memory_order_relaxed); }
  uint64_t wake_ups() const { return wake_ups_.load(std::memory_order_relaxed); }
  uint64_t watcher_wakes() const;

  // For tests. Before Start(): the thread waits no longer than this, then looks for itself.
  // lost_wake_ups() counts how often it found what it should have been woken for.
  void LookEvery(absl::Duration period) {
    look_every_ = period;
    looks_ = true;
  }
  uint64_t lost_wake_ups() const { return lost_wake_ups_.load(std::memory_order_relaxed); }

 private:
  class WakeTag final : public Tag {
   public:
    explicit WakeTag(Reactor& reactor) : reactor_(reactor) {}
    void Complete(bool ok) override;

   private:
    Reactor& reactor_;
  };

  void Wake() override;
  void Run();
  bool RunOnce(bool busy);
  void TakeWhileIdle(absl::Time until, uint64_t armed);
  void TakeBurst();
  Tag* NextEvent(absl::Time until, bool& ok);
  bool MayRest(bool busy);
  absl::Time BeginRest();
  gpr_timespec WaitUntil(absl::Time time);
  void EndRest(bool got_event);
  bool Overslept(bool got_event) const;
  void BeginToStop();
  bool MayEnd();
  void CloseQueue();

  const std::unique_ptr<grpc::CompletionQueue> queue_;
  std::unique_ptr<internal::PollWatcher> watcher_;
  int events_until_look_ = 0;  // at the poller, while the queue has events
  bool bursts_ = false;        // the last look found several events at once
  int alone_in_queue_ = 0;     // events since that look
  int polled_ = 0;             // what the poller has had to do since the last rest
  int alone_ = 0;  // how many rests in turn ended with one thing for it, as far as that matters
  internal::IntrusiveList<Work> works_;
  bool stopping_ = false;
  std::atomic<bool> ended_{false};

  // The alarm's tag has not come back. Who sets it to true sets the alarm. It says nothing of
  // whether the thread waits: to keep that up to date cost two locked instructions an event.
  std::atomic<bool> alarm_is_set_{false};
  std::mutex alarm_mutex_;
  grpc::Alarm alarm_;       // guarded by alarm_mutex_
  bool queue_open_ = true;  // guarded by alarm_mutex_
  bool in_queue_ = false;   // the thread is in gRPC's hands; for itself
  WakeTag wake_tag_{*this};
  std::atomic<uint64_t> wake_ups_{0};

  std::atomic<uint64_t> rests_{0};
  std::atomic<uint64_t> lost_wake_ups_{0};
  // The last wait for a timer, for gRPC: an absolute time would cost it two looks at clocks each.
  absl::Time timer_ = absl::InfinitePast();
  gpr_timespec timer_on_grpcs_clock_{};

  bool looks_ = false;
  absl::Duration look_every_ = absl::InfiniteDuration();
  absl::Time look_at_ = absl::InfiniteFuture();  // in this rest

  std::mutex lifecycle_mutex_;
  bool started_ = false;  // guarded by lifecycle_mutex_
  std::thread thread_;    // started and joined under lifecycle_mutex_
};

}  // namespace chains
