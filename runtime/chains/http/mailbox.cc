#include "chains/http/mailbox.h"

#include <utility>

namespace chains::http {

void Mailbox::Put(Response item) {
  const std::lock_guard lock(mutex_);
  if (loop_ == nullptr || end_) return;
  bytes_ += item.body.size();
  items_.push_back(std::move(item));
  Tell();
}

void Mailbox::End(absl::Status status) {
  const std::lock_guard lock(mutex_);
  if (loop_ == nullptr || end_) return;
  end_ = std::move(status);
  Tell();
}

bool Mailbox::MustWait() {
  const std::lock_guard lock(mutex_);
  if (bytes_ < bound_) return false;
  waits_ = true;
  return true;
}

// With the mutex held, so that the loop cannot end before it has been told.
void Mailbox::Tell() {
  if (told_) return;
  told_ = true;
  loop_->Post([self = shared_from_this()] {
    {
      const std::lock_guard lock(self->mutex_);
      self->told_ = false;
    }
    self->changed_.Give();
  });
}

Mailbox::Taken Mailbox::Take() {
  Taken taken;
  const std::lock_guard lock(mutex_);
  if (!items_.empty()) {
    bytes_ -= items_.front().body.size();
    taken.item = std::move(items_.front());
    items_.pop_front();
  }
  if (waits_ && bytes_ <= bound_ / 2) {
    waits_ = false;
    taken.goes_on = true;
  }
  return taken;
}

bool Mailbox::ended() const {
  const std::lock_guard lock(mutex_);
  return items_.empty() && end_.has_value();
}

absl::Status Mailbox::status() const {
  const std::lock_guard lock(mutex_);
  return end_.value_or(absl::OkStatus());
}

void Mailbox::Close() {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
  items_.clear();
  bytes_ = 0;
}

}  // namespace chains::http
