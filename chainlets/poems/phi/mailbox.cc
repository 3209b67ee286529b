#include "phi/mailbox.h"

#include <utility>

namespace poems::phi {

void Mailbox::Put(Piece piece) {
  std::lock_guard lock(mutex_);
  if (loop_ == nullptr) return;
  pieces_.push_back(std::move(piece));
  Tell();
}

void Mailbox::Fail(absl::Status status) {
  std::lock_guard lock(mutex_);
  if (loop_ == nullptr || !failure_.ok()) return;
  failure_ = std::move(status);
  Tell();
}

bool Mailbox::full() const {
  std::lock_guard lock(mutex_);
  return pieces_.size() >= kMaxPieces;
}

// Under the lock, so that the loop is there until the post is made.
void Mailbox::Tell() {
  if (!std::exchange(awaited_, false)) return;
  loop_->Post([self = shared_from_this()] { self->filled_.Give(); });
}

std::optional<absl::StatusOr<Piece>> Mailbox::Take() {
  std::lock_guard lock(mutex_);
  if (!pieces_.empty()) {
    Piece piece = std::move(pieces_.front());
    pieces_.pop_front();
    return piece;
  }
  if (!failure_.ok()) return failure_;
  awaited_ = true;
  return std::nullopt;
}

void Mailbox::FailNow(absl::Status status) {
  {
    std::lock_guard lock(mutex_);
    pieces_.clear();
    if (failure_.ok()) failure_ = std::move(status);
  }
  filled_.Give();
}

void Mailbox::Close() {
  std::lock_guard lock(mutex_);
  loop_ = nullptr;
}

}  // namespace poems::phi
