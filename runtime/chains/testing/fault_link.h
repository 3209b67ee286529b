// FaultLink: one direction of a connection through a FaultProxy. Pure: it is told the time, and
// knows no socket.
//
//   link.Feed(bytes, now);                                    // as they come
//   for (auto out = link.Ready(now); !out.empty(); …) link.Sent(write(out));
//   wait until link.NextChange();
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "chains/testing/proxy_faults.h"

namespace chains::testing {

// For one thread. Bytes that were fed keep the time that they were given; later ones follow what
// SetFaults said last.
class FaultLink {
 public:
  FaultLink(const LinkFaults& faults, uint64_t seed) : faults_(faults), random_(seed) {}

  void SetFaults(const LinkFaults& faults) { faults_ = faults; }

  // What the sender sent, and that it has nothing more to send.
  void Feed(std::string_view bytes, absl::Time now);
  void FeedEnd(absl::Time now);
  // Below a bound of what is held; a sender is to wait else.
  bool wants_more() const { return held_ < kMostHeld && !cut_ && !ended_; }

  // What the receiver is to get now, in part; it is gone once Sent() says so.
  std::string_view Ready(absl::Time now) const;
  void Sent(size_t bytes);
  // The receiver has all, and is to be told of the end.
  bool EndIsDue(absl::Time now) const;
  // The receiver has all that it is to have, and both ends are to be reset.
  bool CutIsDue() const { return cut_ && pieces_.empty(); }
  // When Ready() or EndIsDue() will change by themselves; the far future where they will not.
  absl::Time NextChange(absl::Time now) const;

  int64_t fed() const { return fed_; }

 private:
  static constexpr size_t kMostHeld = 4 << 20;
  struct Piece {
    std::string bytes;
    absl::Time due;
  };
  void Hold(std::string bytes, absl::Time now);
  void Corrupt(std::string& bytes);
  absl::Duration Delay();

  LinkFaults faults_;
  std::mt19937_64 random_;
  std::deque<Piece> pieces_;
  size_t sent_of_first_ = 0;
  size_t held_ = 0;
  int64_t fed_ = 0;
  int64_t until_corrupt_ = 0;  // bytes; 0: not drawn yet
  absl::Time line_free_ = absl::InfinitePast();
  absl::Time last_due_ = absl::InfinitePast();
  absl::Time end_due_ = absl::InfiniteFuture();
  bool ended_ = false;
  bool cut_ = false;
};

}  // namespace chains::testing
