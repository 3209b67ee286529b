#include "chains/core/loop.h"

namespace chains {

void Loop::Timer::Disarm() {
  if (loop_ == nullptr) return;
  loop_->timers_.erase({when_, this});
  loop_ = nullptr;
}

void Loop::Ready(Job& job) {
  if (!job.linked()) ready_.PushBack(job);
}

void Loop::Arm(Timer& timer, absl::Time when) {
  timer.Disarm();
  timers_.emplace(when, &timer);
  timer.loop_ = this;
  timer.when_ = when;
}

void Loop::Post(absl::AnyInvocable<void()> work) {
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
  }
  Wake();
}

bool Loop::RunPosted() {
  std::vector<absl::AnyInvocable<void()>> batch;
  {
    std::lock_guard lock(mutex_);
    batch.swap(posted_);
  }
  for (absl::AnyInvocable<void()>& work : batch) work();
  return !batch.empty();
}

// Only what is listed now: a job that lists itself again must not starve the sockets.
bool Loop::RunReady() {
  const bool any = !ready_.empty();
  ready_.PushBack(end_of_turn_);
  while (Job* job = ready_.PopFront()) {
    if (job == &end_of_turn_) break;
    job->Run();
  }
  return any;
}

bool Loop::FireTimers() {
  if (timers_.empty()) return false;
  bool any = false;
  const absl::Time now = Now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Timer& timer = *timers_.begin()->second;
    timer.Disarm();
    timer.Fire();
    any = true;
  }
  return any;
}

bool Loop::Turn() {
  const bool posted = RunPosted();
  const bool ready = RunReady();
  const bool fired = FireTimers();
  return posted || ready || fired;
}

bool Loop::HasWork() {
  if (!ready_.empty()) return true;
  std::lock_guard lock(mutex_);
  return !posted_.empty();
}

std::optional<absl::Time> Loop::NextTimer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

}  // namespace chains
