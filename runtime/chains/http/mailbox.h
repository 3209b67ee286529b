// Mailbox: what another thread receives, for a coroutine that waits for it on its loop.
//
//   Mailbox box(loop, Mailbox::kNoBound);       // shared by both; made on the loop's thread
//   box.Put(std::move(head));                   // on the other thread
//   box.End(absl::OkStatus());
//
//   while (true) {                              // on the loop
//     if (std::optional<Response> item = box.Take().item) { …; continue; }
//     if (box.ended()) break;
//     co_await box.Changed();
//   }
//   box.Close();
#pragma once

#include <cstddef>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "chains/core/loop.h"
#include "chains/core/notice.h"
#include "chains/http/transport.h"

namespace chains::http {

class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  static constexpr size_t kNoBound = std::numeric_limits<size_t>::max();

  // Full from `bound` bytes on.
  Mailbox(Loop& loop, size_t bound) : bound_(bound), loop_(&loop) {}
  Mailbox(const Mailbox&) = delete;

  // On the other thread.

  // After Close() nothing is kept.
  void Put(Response item);
  // The first one counts.
  void End(absl::Status status);
  // Whether what comes must wait. If so, a Take() will say `goes_on`, once.
  bool MustWait();

  // On the loop's thread.

  struct Taken {
    std::optional<Response> item;
    bool goes_on = false;  // tell the other thread that there is room again
  };
  Taken Take();
  // Nothing comes after what is in it, and why; OK: that was all.
  bool ended() const;
  absl::Status status() const;
  // Look first, then wait, without an await in between.
  Notice::Waiting Changed() { return changed_.Wait(); }
  // The loop is not touched any more when this returns.
  void Close();

 private:
  void Tell();

  const size_t bound_;
  Notice changed_;  // for the loop's thread
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  Loop* loop_;  // null once it is closed
  std::deque<Response> items_;
  size_t bytes_ = 0;
  bool waits_ = false;
  bool told_ = false;
  std::optional<absl::Status> end_;
};

}  // namespace chains::http
