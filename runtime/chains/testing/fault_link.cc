#include "chains/testing/fault_link.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace chains::testing {
namespace {

// How many of `size` more bytes stay below `limit`.
size_t RoomBelow(std::optional<int64_t> limit, int64_t fed, size_t size) {
  if (!limit) return size;
  return static_cast<size_t>(std::clamp<int64_t>(*limit - fed, 0, static_cast<int64_t>(size)));
}

}  // namespace

void FaultLink::Feed(std::string_view bytes, absl::Time now) {
  const size_t before_stall = RoomBelow(faults_.stall_after, fed_, bytes.size());
  const size_t before_cut = RoomBelow(faults_.cut_after, fed_, bytes.size());
  cut_ = cut_ || before_cut < bytes.size();
  fed_ += static_cast<int64_t>(bytes.size());
  bytes = bytes.substr(0, std::min(before_stall, before_cut));
  // A slow line is in small pieces, so that it is slow throughout: 50 a second.
  const size_t most = faults_.bytes_per_second > 0
                          ? static_cast<size_t>(std::max<int64_t>(1, faults_.bytes_per_second / 50))
                          : bytes.size();
  for (; !bytes.empty(); bytes.remove_prefix(std::min(most, bytes.size()))) {
    Hold(std::string(bytes.substr(0, most)), now);
  }
}

void FaultLink::Hold(std::string bytes, absl::Time now) {
  Corrupt(bytes);
  line_free_ = std::max(line_free_, now);
  if (faults_.bytes_per_second > 0) {
    line_free_ += absl::Seconds(static_cast<double>(bytes.size()) /
                                static_cast<double>(faults_.bytes_per_second));
  }
  last_due_ = std::max(last_due_, line_free_ + Delay());
  held_ += bytes.size();
  pieces_.push_back({std::move(bytes), last_due_});
}

absl::Duration FaultLink::Delay() {
  const double part = std::uniform_real_distribution<double>(-1, 1)(random_);
  return std::max(absl::ZeroDuration(), faults_.delay + part * faults_.jitter);
}

void FaultLink::Corrupt(std::string& bytes) {
  if (faults_.corrupt_every <= 0) return;
  for (size_t at = 0;;) {
    if (until_corrupt_ == 0) {
      until_corrupt_ =
          std::uniform_int_distribution<int64_t>(1, 2 * faults_.corrupt_every)(random_);
    }
    const auto left = static_cast<int64_t>(bytes.size() - at);
    if (until_corrupt_ > left) {
      until_corrupt_ -= left;
      return;
    }
    at += static_cast<size_t>(until_corrupt_);
    until_corrupt_ = 0;
    bytes[at - 1] = static_cast<char>(bytes[at - 1] ^ (1 << (random_() % 8)));
  }
}

void FaultLink::FeedEnd(absl::Time now) {
  ended_ = true;
  if (faults_.stall_after && fed_ >= *faults_.stall_after) return;
  end_due_ = std::max(last_due_, now + faults_.delay);
}

std::string_view FaultLink::Ready(absl::Time now) const {
  if (pieces_.empty() || pieces_.front().due > now) return {};
  return std::string_view(pieces_.front().bytes).substr(sent_of_first_);
}

void FaultLink::Sent(size_t bytes) {
  sent_of_first_ += bytes;
  held_ -= bytes;
  if (sent_of_first_ < pieces_.front().bytes.size()) return;
  pieces_.pop_front();
  sent_of_first_ = 0;
}

bool FaultLink::EndIsDue(absl::Time now) const {
  return ended_ && pieces_.empty() && end_due_ <= now;
}

absl::Time FaultLink::NextChange(absl::Time now) const {
  const absl::Time next = !pieces_.empty() ? pieces_.front().due : end_due_;
  return next > now ? next : absl::InfiniteFuture();
}

}  // namespace chains::testing
