#include "fetch/blocks.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace transcribe {

void Blocks::Add(uint64_t offset, std::string_view bytes, Keep keep) {
  if (offset + bytes.size() < offset) return;
  while (!bytes.empty()) {
    const auto after = blocks_.upper_bound(offset);
    if (after != blocks_.begin()) {  // leave out what the block before has
      const auto& [start, block] = *std::prev(after);
      if (const uint64_t end = start + block.size(); end > offset) {
        const size_t skip = std::min<uint64_t>(end - offset, bytes.size());
        bytes.remove_prefix(skip);
        offset += skip;
        continue;
      }
    }
    const uint64_t gap = after == blocks_.end() ? bytes.size() : after->first - offset;
    const size_t count = std::min<uint64_t>(gap, bytes.size());
    AddGap(offset, bytes.substr(0, count), keep);
    bytes.remove_prefix(count);
    offset += count;
  }
  MakeRoom();
}

void Blocks::AddGap(uint64_t offset, std::string_view bytes, Keep keep) {
  blocks_.emplace(offset, bytes);
  if (keep == Keep::kAlways) return;
  may_go_.push_back(offset);
  held_ += bytes.size();
}

void Blocks::MakeRoom() {
  while (held_ > max_bytes_ && may_go_.size() > 1) {
    const auto oldest = blocks_.find(may_go_.front());
    may_go_.pop_front();
    held_ -= oldest->second.size();
    touched_.erase(oldest->first);
    blocks_.erase(oldest);
  }
}

size_t Blocks::Copy(uint64_t offset, std::span<char> to) {
  const auto after = blocks_.upper_bound(offset);
  if (after == blocks_.begin()) return 0;
  const auto& [start, block] = *std::prev(after);
  if (offset - start >= block.size()) return 0;
  const size_t count = std::min<uint64_t>(to.size(), block.size() - (offset - start));
  std::memcpy(to.data(), block.data() + (offset - start), count);
  touched_.insert(start);
  return count;
}

uint64_t Blocks::NextKnown(uint64_t offset, uint64_t end) const {
  const auto next = blocks_.lower_bound(offset);
  return next == blocks_.end() ? end : std::min(end, next->first);
}

std::vector<Blocks::Block> Blocks::TakeTouched() {
  std::vector<Block> touched;
  for (uint64_t offset : touched_) {
    touched.push_back({.offset = offset, .bytes = blocks_.find(offset)->second});
  }
  touched_.clear();
  return touched;
}

void Blocks::KeepTouched() {
  for (uint64_t offset : touched_) {
    const auto found = std::ranges::find(may_go_, offset);
    if (found == may_go_.end()) continue;
    may_go_.erase(found);
    held_ -= blocks_.find(offset)->second.size();
  }
}

}  // namespace transcribe
