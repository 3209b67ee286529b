// Http2FrameHeads: where frames begin in what a client of HTTP/2 sends, and what they say of
// themselves: for limits that must hold whatever becomes of a frame. Pure.
//
//   Http2FrameHeads heads;
//   while (!bytes.empty()) {
//     const size_t taken = heads.Scan(bytes);        // to where the next frame begins, at most
//     if (const auto& head = heads.found()) …        // one begins within what was taken
//     bytes.remove_prefix(taken);
//   }
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace chains::gateway {

struct Http2FrameHead {
  uint32_t size = 0;  // of what follows
  uint8_t type = 0;
  uint8_t flags = 0;
};

class Http2FrameHeads {
 public:
  static constexpr size_t kPreface = 24;
  static constexpr size_t kHead = 9;

  // Takes some bytes, at least one of them: at most one frame begins in these.
  size_t Scan(std::string_view bytes) {
    found_.reset();
    if (skip_ > 0) return Skip(bytes.size());
    const size_t more = std::min(bytes.size(), kHead - have_);
    bytes.copy(reinterpret_cast<char*>(head_.data()) + have_, more);
    have_ += more;
    if (have_ < kHead) return more;
    have_ = 0;
    skip_ = head_[0] << 16 | head_[1] << 8 | head_[2];
    found_ =
        Http2FrameHead{.size = static_cast<uint32_t>(skip_), .type = head_[3], .flags = head_[4]};
    return more + Skip(bytes.size() - more);
  }
  const std::optional<Http2FrameHead>& found() const { return found_; }

 private:
  size_t Skip(size_t most) {
    const size_t skipped = std::min(skip_, most);
    skip_ -= skipped;
    return skipped;
  }

  std::array<uint8_t, kHead> head_{};
  size_t have_ = 0;         // of it
  size_t skip_ = kPreface;  // before the next head
  std::optional<Http2FrameHead> found_;
};

}  // namespace chains::gateway
