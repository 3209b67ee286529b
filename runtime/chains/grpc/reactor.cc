#include "chains/grpc/reactor.h"

#include <algorithm>
#include <poll.h>
#include <utility>

#include "chains/grpc/poll_watcher.h"
#include "chains/grpc/time.h"

namespace chains {
namespace {

constexpr int kAloneForLong = 32;

// While events come from the queue, so many are taken for each look at the poller. Of a request
// with three calls, 32 connections, two of three looks found nothing when each event had its own.
constexpr int kEventsBetweenLooks = 8;

// What a burst may delay the answers by that it makes ready.
constexpr int kLargestBurst = 64;
constexpr absl::Duration kLongestBurst = absl::Microseconds(250);
// Where calls come alone, one in so many looks whether others came with it.
constexpr int kAloneBetweenLooks = 16;

}  // namespace

Reactor::Reactor(WorkerPool& workers)
    : Reactor(workers, std::make_unique<grpc::CompletionQueue>()) {}

Reactor::Reactor(WorkerPool& workers, std::unique_ptr<grpc::CompletionQueue> queue)
    : Loop(workers), queue_(std::move(queue)) {}

Reactor::~Reactor() { Stop(); }

void Reactor::Attach(Poller& poller) {
  watcher_ = std::make_unique<internal::PollWatcher>(poller, [this] { Wake(); });
}

void Reactor::Start() {
  std::lock_guard lock(lifecycle_mutex_);
  if (started_) return;
  started_ = true;
  if (watcher_) watcher_->Start();
  thread_ = std::thread([this] { Run(); });
}

void Reactor::Stop() {
  Start();  // what is in the queue must leave it, even if it never ran
  std::lock_guard lock(lifecycle_mutex_);
  if (!thread_.joinable()) return;
  Post([this] { BeginToStop(); });
  thread_.join();
}

uint64_t Reactor::watcher_wakes() const { return watcher_ ? watcher_->wakes() : 0; }

bool Reactor::Admit(Work& work) {
  if (stopping_) return false;
  works_.PushBack(work);
  return true;
}

// What was posted before is seen in the turn that follows; what comes after it sets the alarm anew.
void Reactor::WakeTag::Complete(bool) { reactor_.alarm_is_set_ = false; }

// The thread itself looks at what it posted before it waits.
void Reactor::Wake() {
  if (InLoop() && !in_queue_) return;
  if (alarm_is_set_.exchange(true)) return;
  std::lock_guard lock(alarm_mutex_);
  if (!queue_open_) return;
  wake_ups_.fetch_add(1, std::memory_order_relaxed);
  Tag* const tag = &wake_tag_;
  alarm_.Set(queue_.get(), gpr_inf_past(GPR_CLOCK_REALTIME), tag);
}

void Reactor::Run() {
  EnterThread();
  bool busy = true;
  while (!MayEnd()) busy = RunOnce(busy);
  if (watcher_) watcher_->Stop();
  CloseQueue();
  ended_ = true;
  while (Turn()) {
  }
}

// One turn, one event. `busy`: the one before had an event. A busy reactor with a Poller looks at
// both without waiting; at the poller less often, while the queue has events. While the watcher is
// armed it looks for the poller: so a request that comes alone costs one look, one arming and one
// wake-up.
bool Reactor::RunOnce(bool busy) {
  const bool was_armed = watcher_ && watcher_->armed();
  int polled = 0;
  if (was_armed) {
    if (watcher_->poller().told()) polled = watcher_->poller().PollTold();
  } else if (watcher_ && (!busy || --events_until_look_ <= 0)) {
    events_until_look_ = kEventsBetweenLooks;
    polled = watcher_->poller().Poll();
  }
  polled_ += polled;
  busy = busy || polled > 0;
  busy = Turn() || busy;
  // What the watcher told of meanwhile is looked at first, in the next turn.
  const bool told = was_armed && !watcher_->armed();
  const bool rests = !told && MayRest(busy);
  bool ok = false;
  const absl::Time until = rests ? BeginRest() : absl::InfinitePast();
  const uint64_t armed = armings();
  Tag* event = NextEvent(until, ok);
  if (rests) EndRest(event != nullptr);
  if (event == nullptr) return false;
  event->Complete(ok);
  if (rests && !watcher_ && !looks_) TakeWhileIdle(until, armed);
  if (HasWork()) TakeBurst();
  return true;
}

// Takes further events as long as they leave nothing to do for a turn: half of all do (a call's
// last operation, a reply of several). `until` is as of `armed` timers.
void Reactor::TakeWhileIdle(absl::Time until, uint64_t armed) {
  bool ok = false;
  for (int taken = 0; taken < kLargestBurst; ++taken) {
    if (HasWork() || stopping_ || armings() != armed) return;
    Tag* const event = NextEvent(until, ok);
    if (event == nullptr) return;
    event->Complete(ok);
  }
}

// Takes the events that came with one that made something ready. With 16 calls in flight, then,
// their answers leave together: the callers read them at once (0.5 reads a call instead of 0.8),
// and the code of a step is still in the processor when the next call takes it. Where calls come
// alone the look would be in vain, a system call each; so only one in some is made.
void Reactor::TakeBurst() {
  if (!bursts_ && ++alone_in_queue_ < kAloneBetweenLooks) return;
  alone_in_queue_ = 0;
  const absl::Time end = absl::Now() + kLongestBurst;
  int taken = 0;
  bool ok = false;
  while (Tag* const event = NextEvent(absl::InfinitePast(), ok)) {
    event->Complete(ok);
    ++taken;
    if (taken == kLargestBurst || (taken % 4 == 0 && absl::Now() > end)) break;
  }
  bursts_ = taken > 1;
}

// Null when there was none by then.
Reactor::Tag* Reactor::NextEvent(absl::Time until, bool& ok) {
  void* tag = nullptr;
  in_queue_ = true;
  const auto status = queue_->AsyncNext(&tag, &ok, WaitUntil(until));
  in_queue_ = false;
  return status == grpc::CompletionQueue::GOT_EVENT ? static_cast<Tag*>(tag) : nullptr;
}

// Arming costs a system call, and a wake-up by the watcher a thread hop. So what is busy with its
// poller rests only after a look at both found nothing. Where things come one at a time, and have
// so for a while, the look after each would be in vain.
bool Reactor::MayRest(bool busy) {
  if (HasWork()) return false;
  if (!watcher_ || watcher_->armed()) return true;
  if (busy && (polled_ > 1 || alone_ < kAloneForLong)) return false;
  watcher_->Arm();
  return true;
}

// Says until when to wait, should the queue be empty.
absl::Time Reactor::BeginRest() {
  events_until_look_ = 0;
  if (HasWork() || MayEnd() || (watcher_ && !watcher_->armed())) return absl::InfinitePast();
  if (polled_ > 0) alone_ = polled_ == 1 ? std::min(alone_ + 1, kAloneForLong) : 0;
  polled_ = 0;
  rests_.store(rests_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  const absl::Time timer = NextTimer().value_or(absl::InfiniteFuture());
  if (!looks_) return timer;
  look_at_ = absl::Now() + look_every_;
  return std::min(timer, look_at_);
}

gpr_timespec Reactor::WaitUntil(absl::Time time) {
  if (time == absl::InfiniteFuture()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  if (time == absl::InfinitePast()) return gpr_inf_past(GPR_CLOCK_MONOTONIC);
  if (time != timer_) {
    timer_ = time;
    timer_on_grpcs_clock_ = gpr_convert_clock_type(internal::ToGrpcTime(time), GPR_CLOCK_MONOTONIC);
  }
  return timer_on_grpcs_clock_;
}

// A wait that ended by itself for a timer that is not due yet, because somebody set the clock, is
// reckoned anew.
void Reactor::EndRest(bool got_event) {
  Rested();
  if (!got_event) timer_ = absl::InfinitePast();
  if (looks_ && Overslept(got_event)) lost_wake_ups_.fetch_add(1, std::memory_order_relaxed);
  look_at_ = absl::InfiniteFuture();
}

// Whether only a look around ended this rest, and there was something to do: an event, posted work,
// or sockets, without anybody on the way who wakes for it.
bool Reactor::Overslept(bool got_event) const {
  if (absl::Now() < look_at_) return false;
  if (got_event) return true;
  if (alarm_is_set_) return false;
  if (HasWork()) return true;
  if (!watcher_ || !watcher_->armed()) return false;
  if (watcher_->poller().told()) return true;
  pollfd readable{.fd = watcher_->poller().fd(), .events = POLLIN, .revents = 0};
  return poll(&readable, 1, 0) != 0;
}

void Reactor::BeginToStop() {
  stopping_ = true;
  works_.ForEach([](Work& work) { work.Cancel(); });
}

bool Reactor::MayEnd() {
  return stopping_ && works_.empty() && blocking() == 0 && hosted() == 0 && !HasWork();
}

void Reactor::CloseQueue() {
  {
    std::lock_guard lock(alarm_mutex_);
    queue_open_ = false;
    queue_->Shutdown();
  }
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) static_cast<Tag*>(tag)->Complete(ok);
}

}  // namespace chains
