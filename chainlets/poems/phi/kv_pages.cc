#include "phi/kv_pages.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace poems::phi {

KvPages::KvPages(int32_t count)
    : free_(static_cast<size_t>(std::max(count, 0))), taken_(free_.size()) {
  std::iota(free_.rbegin(), free_.rend(), 0);
}

std::vector<int32_t> KvPages::Take(size_t count) {
  assert(count <= free_.size());
  const auto begin = free_.end() - static_cast<ptrdiff_t>(count);
  std::vector<int32_t> pages(begin, free_.end());
  free_.erase(begin, free_.end());
  for (const int32_t page : pages) taken_[static_cast<size_t>(page)] = true;
  return pages;
}

void KvPages::GiveBack(std::span<const int32_t> pages) {
  for (const int32_t page : pages) {
    assert(taken_[static_cast<size_t>(page)]);
    taken_[static_cast<size_t>(page)] = false;
    free_.push_back(page);
  }
}

}  // namespace poems::phi
