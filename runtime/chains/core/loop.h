// Loop: the one thread on which a request's coroutines run, with its timers.
//
// Everything here is for the loop's own thread unless it says otherwise. A coroutine that waits for
// something on the same loop is resumed by a Job of the ready list, never from inside the code that
// woke it; so what is dropped is never running.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "chains/core/intrusive_list.h"

namespace chains {

class WorkerPool;
namespace internal {
class Leaf;
}  // namespace internal

class Loop {
 public:
  // Something to run soon, once. Destroying it, or Forget(), takes it off the list.
  class Job : public internal::ListNode {
   public:
    virtual ~Job() = default;
    virtual void Run() = 0;
    void Forget() { Unlink(); }
  };

  // Something to run at a time, once. Destroying it disarms it.
  class Timer {
   public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer() { Disarm(); }
    virtual void Fire() = 0;
    void Disarm();

   private:
    friend class Loop;
    Loop* loop_ = nullptr;
    std::pair<absl::Time, uint64_t> when_;  // and how many were armed before it
  };

  explicit Loop(WorkerPool& workers) : workers_(workers) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  virtual ~Loop() = default;

  // Runs `job` after what runs now. A job that is already listed stays where it is.
  void Ready(Job& job);
  // The same at the end of the turn, after all that is ready in it: for who gathers what others
  // say meanwhile, as a write does.
  void Last(Job& job);
  // Replaces an earlier time of the same timer. A time in the past fires in the next turn; equal
  // times fire in the order of arming.
  void Arm(Timer& timer, absl::Time when);
  // Runs `work` on the loop's thread. Any thread may call it, as long as the loop lives.
  void Post(absl::AnyInvocable<void()> work);

  // Who overrides it overrides CoarseNow(), too.
  virtual absl::Time Now() const { return absl::Now(); }
  // A time that is not after Now(): when the last request began, or timers were looked at. For
  // deadlines that are far away; Now() would cost as much as a call (65 ns).
  absl::Time EarliestNow() const { return earliest_now_; }
  WorkerPool& workers() const { return workers_; }

  // How many pieces of Blocking work have not come back yet; a loop must not end before they do.
  size_t blocking() const { return blocking_; }
  // How many tasks run here on behalf of other loops, too: a batch whose calls came from several. A
  // loop must not end before they do. Any thread may ask.
  size_t hosted() const { return hosted_.load(std::memory_order_acquire); }
  // Turns that took longer than that: whoever else was to be served waited. Any thread may ask.
  static constexpr absl::Duration kStall = absl::Milliseconds(50);
  uint64_t stalls() const { return stalls_.load(std::memory_order_relaxed); }
  // Any thread may ask.
  bool InLoop() const {
    return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

  // For roots and awaiters: when a request begins, who waits on this loop, and when work leaves for
  // another thread and returns.
  void Tick() { earliest_now_ = CoarseNow(); }
  internal::IntrusiveList<internal::Leaf>& leaves() { return leaves_; }
  void BlockingStarts() { ++blocking_; }
  void BlockingReturns() { --blocking_; }
  // From any thread, while something else keeps the loop from ending; HostingEnds() on the loop's
  // own.
  void HostingStarts() { hosted_.fetch_add(1, std::memory_order_acq_rel); }
  void HostingEnds() { hosted_.fetch_sub(1, std::memory_order_acq_rel); }

 protected:
  // Makes the thread that waits, or is about to, look at the inbox. Called from any thread, while
  // it posts: it must not post itself.
  virtual void Wake() = 0;

  // Now() as of the kernel's last tick, which is never more than 10 ms ago, at a tenth of its
  // price.
  virtual absl::Time CoarseNow() const;

  void EnterThread() {
    thread_ = std::this_thread::get_id();
    Rested();
  }
  // It waited for something to do, which is no part of a turn.
  void Rested() { turn_began_ = CoarseNow(); }
  // One turn: what was posted, what is ready, timers that are due. True when anything ran.
  bool Turn();
  // Whether a turn has something to do now, timers left aside.
  bool HasWork() const { return !ready_.empty() || !last_.empty() || any_posted_; }
  // Grows with every timer that is armed: as long as it does not, the earliest stays it or leaves.
  uint64_t armings() const { return timers_armed_; }
  // The earliest timer; nullopt without one.
  std::optional<absl::Time> NextTimer() const;

 private:
  bool RunPosted();
  bool RunReady();
  bool RunLast();
  bool FireTimers();
  void NoteTurn(absl::Time now);

  // Marks how far the ready list reached when the turn began.
  class EndOfTurn final : public Job {
    void Run() override {}
  };

  WorkerPool& workers_;
  std::atomic<std::thread::id> thread_{};
  absl::Time earliest_now_ = absl::InfinitePast();
  absl::Time turn_began_ = absl::InfiniteFuture();
  std::atomic<uint64_t> stalls_{0};
  internal::IntrusiveList<Job> ready_;
  internal::IntrusiveList<Job> last_;
  EndOfTurn end_of_turn_;
  std::map<std::pair<absl::Time, uint64_t>, Timer*> timers_;
  uint64_t timers_armed_ = 0;
  internal::IntrusiveList<internal::Leaf> leaves_;
  size_t blocking_ = 0;
  std::atomic<size_t> hosted_{0};
  std::mutex mutex_;
  std::vector<absl::AnyInvocable<void()>> posted_;  // guarded by mutex_
  // Whether there are any: a turn without them takes no lock. Sequentially consistent, because who
  // posts sets it before it looks whether the loop rests, and the loop looks in the other order.
  std::atomic<bool> any_posted_{false};
};

}  // namespace chains
