// Blocks: bytes of a file that are known, and where the gaps are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace transcribe {

// Holds a bounded number of bytes: the oldest that may go are forgotten first.
class Blocks {
 public:
  enum class Keep { kWhileThereIsRoom, kAlways };
  struct Block {
    uint64_t offset = 0;
    std::string bytes;
  };

  explicit Blocks(size_t max_bytes) : max_bytes_(max_bytes) {}

  // What is known already is not replaced. Blocks that are always kept have no bound here.
  void Add(uint64_t offset, std::string_view bytes, Keep keep);
  // Copies what is known from `offset` on, of one block; 0: nothing is.
  size_t Copy(uint64_t offset, std::span<char> to);
  // Where the next known bytes at or behind `offset` begin, or `end`.
  uint64_t NextKnown(uint64_t offset, uint64_t end) const;

  // The blocks that were copied from, since the last call.
  std::vector<Block> TakeTouched();
  // Whatever was touched is kept always.
  void KeepTouched();

 private:
  void AddGap(uint64_t offset, std::string_view bytes, Keep keep);
  void MakeRoom();

  const size_t max_bytes_;
  size_t held_ = 0;                         // of those that may go
  std::map<uint64_t, std::string> blocks_;  // by offset; none overlaps another
  std::deque<uint64_t> may_go_;             // the oldest first
  std::set<uint64_t> touched_;
};

}  // namespace transcribe
