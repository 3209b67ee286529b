// Recorded: a request as it was recorded, with what other chainlets answered in place of them; what
// the tests are made of that Chains writes of a recording (`chains make-test`).
//
//   chains::testing::Recorded recorded;
//   recorded.Answers<hello::SayHello>({.method = "RunRemote",
//                                      .requests = {R"pb(name: "Ada")pb"},
//                                      .replies = {R"pb(result: "Hello, Ada")pb"}});
//   const chains::testing::RecordedTexts request{.method = "RunRemote", …};
//   EXPECT_EQ(recorded.Differences<hello::HelloAll>(hello::MakeChain(), request), "");
//
// Messages are in the text format of Protocol Buffers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/chain/recorded_calls.h"
#include "chains/chain/running_chain.h"

namespace chains::testing {

// A call and how it ended. One message a side that is no stream; no only reply where it failed.
struct RecordedTexts {
  std::string method = {};
  std::vector<std::string> requests = {};
  std::vector<std::string> replies = {};
  absl::Status status = {};
};

// For one thread.
class Recorded {
 public:
  // The chainlet T stands as its recording: called with these requests it answers that, as often as
  // that was said, and the last of it from then on. Every other call fails.
  template <typename T>
  void Answers(const RecordedTexts& call) {
    Add(chains::internal::OpsOf<T>(), call);
  }

  // Calls T of `chain`, which runs in this process with those that answer as recorded in their
  // places. What went otherwise than `expected`, or kept it from running; empty: nothing.
  template <typename T>
  std::string Differences(const Chain& chain, const RecordedTexts& expected,
                          absl::Duration timeout = absl::Seconds(60)) {
    return Run(chain, Contract<T>::Info(), expected, timeout);
  }

 private:
  void Add(const chains::internal::ContractOps& contract, const RecordedTexts& call);
  std::string Run(const Chain& chain, const ServiceInfo& contract, const RecordedTexts& expected,
                  absl::Duration timeout);

  RecordedCalls calls_;
  RecordedChannel channel_{calls_};
  std::vector<const chains::internal::ContractOps*> contracts_;
  std::string problems_;  // of what was added
};

}  // namespace chains::testing
