// A request to hello as it was recorded on 2026-09-21 14:13 UTC, of deployment 3f9a.
// What other chainlets answered stands in for them.
#include <gtest/gtest.h>

#include "chains/testing/recorded.h"
#include "hello.chains.h"

namespace hello {

// The chain as its program declares it.
chains::Chain MakeChain();

}  // namespace hello

namespace {

TEST(HelloAllRecorded, FailsAsItDid) {
  chains::testing::Recorded recorded;
  recorded.Answers<hello::SayHello>({.method = "RunRemote",
      .requests = {R"pb(name: "Ada")pb"},
      .replies = {R"pb(result: "Hello, Ada")pb"}});
  recorded.Answers<hello::SayHello>({.method = "RunRemote",
      .requests = {R"pb(name: "a)pb\" \\ \n?\303\244")pb"},
      .status = absl::Status(absl::StatusCode{3}, "\"this\" is no name")  // INVALID_ARGUMENT
      });
  const chains::testing::RecordedTexts request{.method = "RunRemote",
      .requests = {R"pb(names: "Ada" names: "a)pb\" \\ \n?\303\244")pb"},
      .status = absl::Status(absl::StatusCode{3}, "\"this\" is no name")  // INVALID_ARGUMENT
      };
  EXPECT_EQ(recorded.Differences<hello::HelloAll>(hello::MakeChain(), request), "");
}

}  // namespace
