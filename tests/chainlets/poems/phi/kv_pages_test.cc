#include "phi/kv_pages.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace poems::phi {
namespace {

TEST(KvPagesTest, GivesEveryPageOnce) {
  KvPages pages(5);
  EXPECT_EQ(pages.free(), 5U);
  std::set<int32_t> given;
  for (const size_t count : {2, 0, 3}) {
    for (const int32_t page : pages.Take(count)) EXPECT_TRUE(given.insert(page).second) << page;
  }
  EXPECT_THAT(given, ::testing::ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(pages.free(), 0U);
}

TEST(KvPagesTest, GivesAgainWhatCameBack) {
  KvPages pages(3);
  const std::vector<int32_t> first = pages.Take(2);
  const std::vector<int32_t> second = pages.Take(1);
  pages.GiveBack(first);
  EXPECT_EQ(pages.free(), 2U);
  EXPECT_THAT(pages.Take(2), ::testing::UnorderedElementsAreArray(first));
  EXPECT_EQ(pages.count(), 3U);
}

TEST(KvPagesTest, HasNothingToGiveWhereThereIsNothing) { EXPECT_EQ(KvPages(0).free(), 0U); }

}  // namespace
}  // namespace poems::phi
