// KvPages: which pages of a backend's keys and values are free. Pure.
//
//   KvPages pages(info.page_count);
//   if (pages.free() >= wanted) std::vector<int32_t> given = pages.Take(wanted);
//   …
//   pages.GiveBack(given);
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace poems::phi {

// For one thread at a time.
class KvPages {
 public:
  // Pages 0 to count - 1, all free.
  explicit KvPages(int32_t count);

  size_t count() const { return taken_.size(); }
  size_t free() const { return free_.size(); }

  // `count` pages, of which there are so many free.
  std::vector<int32_t> Take(size_t count);
  // Pages that were taken, each once.
  void GiveBack(std::span<const int32_t> pages);

 private:
  std::vector<int32_t> free_;  // those given back last are taken first: they are in caches yet
  std::vector<bool> taken_;    // by page
};

}  // namespace poems::phi
