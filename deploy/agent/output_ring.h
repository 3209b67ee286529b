// OutputRing: the last that a program wrote, until the platform has it.
//
//   OutputRing ring(size_t{1} << 20);
//   ring.Append("loaded 3 voices\n");
//   std::string_view next = ring.From(ring.kept(), 64 << 10);   // to be sent
//   ring.Keep(16);                                              // it has arrived
//
// Offsets are of all that was ever appended. What does not fit is forgotten, the oldest first: then
// first() is larger than what was kept, and who reads sees the gap. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace chains::deploy {

class OutputRing {
 public:
  explicit OutputRing(size_t capacity) : capacity_(capacity) {}

  void Append(std::string_view data);
  // The other end has all before `offset`, and is not sent it again.
  void Keep(uint64_t offset);

  uint64_t first() const { return end_ - bytes_.size(); }  // the oldest that is here
  uint64_t end() const { return end_; }                    // of all that was appended
  uint64_t kept() const { return kept_; }
  // What is here from `offset` on, or from first() where that is later; at most `most`. Valid until
  // the next Append().
  std::string_view From(uint64_t offset, size_t most) const;
  // The last lines, as in a report of an end.
  std::string_view Tail(size_t most) const { return From(end_ - std::min(end_, most), most); }

 private:
  const size_t capacity_;
  std::string bytes_;
  uint64_t end_ = 0;
  uint64_t kept_ = 0;
};

}  // namespace chains::deploy
