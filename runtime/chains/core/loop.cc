#include "chains/core/loop.h"

#include <ctime>

namespace chains {
namespace {

// How far CoarseNow() may be behind Now(): no kernel ticks more seldom than 100 times a second.
constexpr absl::Duration kLongestTick = absl::Milliseconds(10);

}  // namespace

void Loop::Timer::Disarm() {
  if (loop_ == nullptr) return;
  loop_->timers_.erase(when_);
  loop_ = nullptr;
}

absl::Time Loop::CoarseNow() const {
  timespec tick;
  clock_gettime(CLOCK_REALTIME_COARSE, &tick);
  return absl::TimeFromTimespec(tick);
}

void Loop::Ready(Job& job) {
  if (!job.linked()) ready_.PushBack(job);
}

void Loop::Arm(Timer& timer, absl::Time when) {
  timer.Disarm();
  timer.loop_ = this;
  timer.when_ = {when, ++timers_armed_};
  timers_.emplace(timer.when_, &timer);
}

void Loop::Last(Job& job) {
  if (!job.linked()) last_.PushBack(job);
}

// Wakes under the lock: the work may be what lets the loop's owner destroy it.
void Loop::Post(absl::AnyInvocable<void()> work) {
  std::lock_guard lock(mutex_);
  posted_.push_back(std::move(work));
  any_posted_ = true;
  Wake();
}

bool Loop::RunPosted() {
  if (!any_posted_) return false;
  std::vector<absl::AnyInvocable<void()>> batch;
  {
    std::lock_guard lock(mutex_);
    batch.swap(posted_);
    any_posted_ = false;
  }
  for (absl::AnyInvocable<void()>& work : batch) work();
  return true;
}

// Only what is listed now: a job that lists itself again must not starve the sockets.
bool Loop::RunReady() {
  if (ready_.empty()) return false;
  ready_.PushBack(end_of_turn_);
  while (Job* job = ready_.PopFront()) {
    if (job == &end_of_turn_) break;
    job->Run();
  }
  return true;
}

// What they list anew waits for the next turn.
bool Loop::RunLast() {
  if (last_.empty()) return false;
  last_.PushBack(end_of_turn_);
  while (Job* job = last_.PopFront()) {
    if (job == &end_of_turn_) break;
    job->Run();
  }
  return true;
}

// Only what is armed now: a timer that arms itself for the past must not starve the sockets. Almost
// every turn ends with the first timer far away, and looks at the cheap clock alone.
bool Loop::FireTimers() {
  if (timers_.empty()) return false;
  earliest_now_ = CoarseNow();
  NoteTurn(earliest_now_);
  if (timers_.begin()->first.first > earliest_now_ + kLongestTick) return false;
  bool any = false;
  const absl::Time now = Now();
  earliest_now_ = now;
  const uint64_t last = timers_armed_;
  for (auto next = timers_.begin(); next != timers_.end() && next->first.first <= now;) {
    if (next->first.second > last) {
      ++next;
      continue;
    }
    Timer& timer = *next->second;
    timer.Disarm();
    timer.Fire();
    any = true;
    next = timers_.begin();
  }
  return any;
}

void Loop::NoteTurn(absl::Time now) {
  if (now - turn_began_ > kStall) [[unlikely]]
    stalls_.store(stalls() + 1, std::memory_order_relaxed);
  turn_began_ = now;
}

bool Loop::Turn() {
  const bool posted = RunPosted();
  const bool ready = RunReady();
  const bool fired = FireTimers();
  const bool last = RunLast();
  return posted || ready || fired || last;
}

std::optional<absl::Time> Loop::NextTimer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.first;
}

}  // namespace chains
