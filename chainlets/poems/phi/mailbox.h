// Mailbox: pieces of a text on their way from an engine's thread to the loop of who reads them.
//
//   mailbox->Put(piece);                                         // the engine's thread
//
//   std::optional<absl::StatusOr<Piece>> piece = mailbox->Take();   // the reader's loop
//   if (!piece.has_value()) co_await mailbox->Filled();
//
// It lives as long as anybody holds it, so it is in no coroutine's frame: who reads may be dropped
// at any time.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/core/loop.h"
#include "chains/core/notice.h"
#include "phi/engine.h"

namespace poems::phi {

class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  // The engine writes no more before some are taken.
  static constexpr size_t kMaxPieces = 16;

  explicit Mailbox(chains::Loop& loop) : loop_(&loop) {}
  Mailbox(const Mailbox&) = delete;

  // Any thread. Nothing happens once it is closed.
  void Put(Piece piece);
  // What is in it is read first.
  void Fail(absl::Status status);
  bool full() const;

  // The rest is for the reader's loop.

  // Nothing: wait until it is filled, then look again. A failure comes again and again.
  std::optional<absl::StatusOr<Piece>> Take();
  chains::Notice::Waiting Filled() { return filled_.Wait(); }
  // Fails at once, whatever is in it.
  void FailNow(absl::Status status);
  // Nobody reads any more: from now on the loop may end.
  void Close();

 private:
  void Tell();

  mutable std::mutex mutex_;
  chains::Loop* loop_;        // guarded by mutex_, as is what follows; null: closed
  std::deque<Piece> pieces_;  // kMaxPieces at most
  absl::Status failure_;
  bool awaited_ = false;  // the reader looked in vain, and was not told since
  chains::Notice filled_;
};

}  // namespace poems::phi
