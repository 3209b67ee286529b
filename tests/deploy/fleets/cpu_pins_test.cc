#include "deploy/fleets/local/cpu_pins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains::deploy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PinCpus, WhoWantsAWholeNumberGetsAsManyForItself) {
  const PinnedCpus pinned = PinCpus({0, 1, 2, 3, 4, 5}, {2, 0.5, 1}, {});
  EXPECT_THAT(pinned.own, ElementsAre(ElementsAre(4, 5), IsEmpty(), ElementsAre(3)));
  EXPECT_THAT(pinned.shared, ElementsAre(0, 1, 2));
}

TEST(PinCpus, OneCpuIsAlwaysLeftToAll) {
  const PinnedCpus pinned = PinCpus({0, 1}, {2, 1, 1}, {});
  EXPECT_THAT(pinned.own, ElementsAre(IsEmpty(), ElementsAre(1), IsEmpty()));
  EXPECT_THAT(pinned.shared, ElementsAre(0));
}

TEST(PinCpus, WhoHasSomeKeepsThem) {
  const PinnedCpus pinned = PinCpus({0, 1, 2, 3}, {1, 1}, {{}, {3}});
  EXPECT_THAT(pinned.own, ElementsAre(ElementsAre(2), ElementsAre(3)));
}

TEST(PinCpus, APartOfACpuNoneAndTooManyAreShared) {
  const PinnedCpus pinned = PinCpus({2, 7}, {1.5, 0, -1, 1e9}, {});
  EXPECT_THAT(pinned.own, ElementsAre(IsEmpty(), IsEmpty(), IsEmpty(), IsEmpty()));
  EXPECT_THAT(pinned.shared, ElementsAre(2, 7));
  EXPECT_THAT(PinCpus({}, {1}, {}).own, ElementsAre(IsEmpty()));
}

TEST(CpuPins, WhatOneLeavesAnotherGets) {
  CpuPins pins({0, 1, 2});
  pins.Add("first", 2);
  pins.Add("second", 2);
  EXPECT_THAT(pins.Of("first"), ElementsAre(1, 2));
  EXPECT_THAT(pins.Of("second"), ElementsAre(0));
  pins.Remove("first");
  EXPECT_THAT(pins.Of("second"), ElementsAre(1, 2));
  EXPECT_THAT(pins.Of("nobody"), ElementsAre(0));
}

TEST(CpuPins, AThreadRunsWhereItIsRestrictedTo) {
  const CpuSet before = CpusOfThisThread();
  ASSERT_THAT(before, ::testing::Not(IsEmpty()));
  RestrictThisThread({before.back()});
  EXPECT_THAT(CpusOfThisThread(), ElementsAre(before.back()));
  RestrictThisThread(before);
  EXPECT_EQ(CpusOfThisThread(), before);
}

}  // namespace
}  // namespace chains::deploy
