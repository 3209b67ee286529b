#include "chains/grpc/reactor.h"

#include <utility>

#include "chains/grpc/poll_watcher.h"
#include "chains/grpc/time.h"

namespace chains {

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

bool Reactor::Admit(Work& work) {
  if (stopping_) return false;
  works_.PushBack(work);
  return true;
}

void Reactor::WakeTag::Complete(bool) { reactor_.alarm_is_set_ = false; }

// Who takes `resting_` down sets the alarm; nobody else does until the reactor rests again, which
// is not before the alarm's tag has come back.
void Reactor::Wake() {
  if (!resting_.exchange(false)) return;
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
// both without waiting, one after the other.
bool Reactor::RunOnce(bool busy) {
  busy = Turn() || busy;
  if (watcher_) watcher_->poller().Poll();
  const bool rests = MayRest(busy);
  void* tag = nullptr;
  bool ok = false;
  const auto status = queue_->AsyncNext(
      &tag, &ok, internal::ToGrpcTime(rests ? BeginRest() : absl::InfinitePast()));
  if (rests) EndRest();
  if (status == grpc::CompletionQueue::GOT_EVENT) static_cast<Tag*>(tag)->Complete(ok);
  return status == grpc::CompletionQueue::GOT_EVENT;
}

bool Reactor::MayRest(bool busy) {
  if (HasWork()) return false;
  if (!watcher_) return true;
  return !busy && watcher_->Arm();
}

// Says until when to wait. What comes after `resting_` is up sets the alarm; what came before is
// seen here.
absl::Time Reactor::BeginRest() {
  if (!alarm_is_set_) resting_ = true;
  if (HasWork() || MayEnd() || (watcher_ && !watcher_->armed())) return absl::InfinitePast();
  return NextTimer().value_or(absl::InfiniteFuture());
}

void Reactor::EndRest() {
  if (!alarm_is_set_) alarm_is_set_ = !resting_.exchange(false);
}

void Reactor::BeginToStop() {
  stopping_ = true;
  works_.ForEach([](Work& work) { work.Cancel(); });
}

bool Reactor::MayEnd() { return stopping_ && works_.empty() && blocking() == 0 && !HasWork(); }

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
