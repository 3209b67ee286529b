#include "chains/batch/batch_wait.h"

#include "chains/core/receipt.h"
#include "chains/core/text.h"

namespace chains::internal {

std::coroutine_handle<> BatchWait::await_suspend(std::coroutine_handle<>) {
  member_->loop_ = &loop();
  member_->call_.arrived = loop().Now();
  member_->call_.deadline = waiter().context()->deadline();
  member_->wait_ = this;
  absl::Status entered = queue_.Enter(member_, member_->call_.arrived);
  if (!entered.ok()) {
    member_->wait_ = nullptr;
    return waiter().Fail(std::move(entered));
  }
  Suspended();
  LookAt(queue_.LooksAt(*member_));
  return std::noop_coroutine();
}

void BatchWait::Wake() {
  Disarm();
  member_->wait_ = nullptr;
  loop().Ready(*this);
}

// On the span of who waited: when the batch began that it was in.
void BatchWait::NoteBatch() {
  CallRecord& record = *waiter().context()->record();
  if (member_->batch_size_ == 0 || &record.receipt().loop() != &loop()) return;
  record.Note(member_->began_, "batch",
              Text(queue_.options().name, ": ", member_->batch_size_, " calls"));
}

void BatchWait::Run() {
  if (waiter().context()->record() != nullptr) NoteBatch();
  if (member_->failure_.ok()) {
    Resume();
  } else {
    Fail(std::move(member_->failure_));
  }
}

void BatchWait::Withdraw() noexcept {
  Forget();
  Disarm();
  if (std::exchange(member_->wait_, nullptr) != nullptr) queue_.Leave(*member_);
}

}  // namespace chains::internal
