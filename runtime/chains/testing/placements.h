// AllPlacements: runs a test of a chain in every placement.
//
//   class HelloTest : public testing::TestWithParam<chains::Placement> {};
//   INSTANTIATE_TEST_SUITE_P(Everywhere, HelloTest,
//   testing::ValuesIn(chains::testing::AllPlacements()),
//                            chains::testing::PlacementName);
//   TEST_P(HelloTest, GreetsAll) { auto running = chains::RunningChain::Start(chain, GetParam()); …
//   }
#pragma once

#include <array>
#include <string>

#include "chains/chain/placement.h"

namespace chains::testing {

inline std::array<Placement, 3> AllPlacements() {
  return {Placement::kTogether, Placement::kLoopback, Placement::kGrpc};
}

// For INSTANTIATE_TEST_SUITE_P; `info` is a testing::TestParamInfo<Placement>.
inline constexpr auto PlacementName = [](const auto& info) -> std::string {
  switch (info.param) {
    case Placement::kTogether:
      return "Together";
    case Placement::kLoopback:
      return "Loopback";
    case Placement::kGrpc:
      return "Grpc";
  }
  return "Unknown";
};

}  // namespace chains::testing
