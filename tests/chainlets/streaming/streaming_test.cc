// The chain in every placement: the same parts, the same failures.
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/running_chain.h"
#include "chains/contract/status_path.h"
#include "chains/testing/collect.h"
#include "chains/testing/placements.h"
#include "chains/testing/status_matchers.h"
#include "parts.h"
#include "streaming_chain.h"

namespace streaming {
namespace {

using ::chains::testing::Collect;
using ::chains::testing::IsOkAndHolds;
using ::chains::testing::StatusIs;
using ::chains::testing::StreamOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kLast = std::numeric_limits<int64_t>::max();

// Parts that a test gives, then a failure where it gives one.
class Script final : public Generator {
 public:
  explicit Script(std::vector<Part> parts, absl::Status end = absl::OkStatus())
      : parts_(std::move(parts)), end_(std::move(end)) {}
  chains::Stream<Part> RunRemote(GeneratorRequest) override {
    for (const Part& part : parts_) co_yield part;
    co_await end_;
  }

 private:
  const std::vector<Part> parts_;
  const absl::Status end_;
};

// Makes items for ever, and says how many there are of it.
class Endless final : public Generator {
 public:
  chains::Stream<Part> RunRemote(GeneratorRequest) override {
    const Stay stay(*this);
    co_yield HeaderPart();
    for (int i = 1;; ++i) {
      made_ = i;
      co_yield ItemPart(i);
    }
  }
  // Once nothing runs any more.
  int running() const { return running_; }
  int made() const { return made_; }

 private:
  class Stay {
   public:
    explicit Stay(Endless& of) : of_(of) { ++of_.running_; }
    Stay(const Stay&) = delete;
    ~Stay() { --of_.running_; }

   private:
    Endless& of_;
  };
  int running_ = 0;
  int made_ = 0;
};

class StreamingTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  void SetUp() override { Start({}); }
  void Start(chains::LocalOptions options) {
    chains::Chain chain("streaming");
    chain.Add<Maker>();
    chain.Add<Reader>(chains::Needs<Generator>{}).Entrypoint();
    auto started = chains::RunningChain::Start(chain, GetParam(), std::move(options));
    ASSERT_TRUE(started.ok()) << started.status();
    running_ = *std::move(started);
  }
  template <typename F>
  void StartWith(F& generator) {
    chains::LocalOptions options;
    options.fakes = {chains::Fake<Generator>(generator)};
    Start(std::move(options));
  }

  // What came, and how it ended.
  Received Ask(GeneratorRequest request) {
    auto received = running_->Run<Consumer>(
        [&](Consumer& consumer) { return Receive(consumer.RunRemote(std::move(request))); });
    return received.ok() ? *std::move(received) : Received({}, {}, received.status());
  }
  absl::StatusOr<GatherResponse> Gather(GeneratorRequest request) {
    return running_->Call(&Consumer::Gather, std::move(request));
  }
  absl::StatusOr<Sum> SumUp(std::vector<Number> numbers) {
    return running_->Run<Consumer>(
        [&](Consumer& consumer) { return consumer.SumUp(StreamOf<Number>(std::move(numbers))); });
  }

  std::unique_ptr<chains::RunningChain> running_;
};

INSTANTIATE_TEST_SUITE_P(Everywhere, StreamingTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(StreamingTest, SendsAHeaderItemsAndAFooter) {
  const Received received = Ask(Items(3));
  EXPECT_EQ(received.status, absl::OkStatus());
  EXPECT_THAT(received.parts,
              ElementsAre("header 3", "1 Item 1", "2 Item 2", "3 Item 3", "footer 3"));
}

TEST_P(StreamingTest, HasDefaultsForAllOfItsRequest) {
  EXPECT_THAT(Ask(GeneratorRequest()).parts,
              ElementsAre("header 4", "1 Item 1", "2 Item 2", "3 Item 3", "4 Item 4", "footer 4"));
}

TEST_P(StreamingTest, FailsAfterTheSecondItemWithTheGeneratorsOwnError) {
  GeneratorRequest request = Items(4);
  request.set_cause_error(true);
  const Received received = Ask(request);
  EXPECT_THAT(received.parts, ElementsAre("header 4", "1 Item 1", "2 Item 2"));
  EXPECT_THAT(received.status,
              StatusIs(absl::StatusCode::kAborted, "an error, as cause_error asked"));
  const std::vector<chains::Hop> path = chains::PathOf(received.status);
  ASSERT_EQ(path.size(), 2U);
  EXPECT_EQ(path[0].chainlet, "streaming.Consumer");
  EXPECT_EQ(path[1].chainlet, "streaming.Generator");

  request.set_items(1);
  EXPECT_THAT(Ask(request).parts, ElementsAre("header 1", "1 Item 1"));
  EXPECT_THAT(Gather(request), StatusIs(absl::StatusCode::kAborted));
}

TEST_P(StreamingTest, MakesTextsAsLongAsItIsTold) {
  GeneratorRequest request = Items(1);
  request.set_text_bytes(8);
  EXPECT_EQ(Ask(request).parts.at(1), "1 Item 1..");
  request.set_text_bytes(2);
  EXPECT_EQ(Ask(request).parts.at(1), "1 It");
}

TEST_P(StreamingTest, RefusesWhatIsOutOfRangeBeforeTheHeader) {
  const auto refusal = [this](GeneratorRequest request) {
    const Received received = Ask(std::move(request));
    EXPECT_THAT(received.parts, IsEmpty());
    EXPECT_EQ(received.status.code(), absl::StatusCode::kInvalidArgument) << received.status;
    return std::string(received.status.message());
  };
  EXPECT_EQ(refusal(Items(0)), "items is 0; it may be 1 to 100000");
  EXPECT_EQ(refusal(Items(100'001)), "items is 100001; it may be 1 to 100000");
  GeneratorRequest request;
  request.set_interval_ms(-1);
  EXPECT_EQ(refusal(request), "interval_ms is -1; it may be 0 to 600000");
  request.set_interval_ms(0);
  request.set_text_bytes(0);
  EXPECT_EQ(refusal(request), "text_bytes is 0; it may be 1 to 1000000");
}

TEST_P(StreamingTest, GathersAllOfIt) {
  const absl::StatusOr<GatherResponse> all = Gather(Items(2));
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->header().items(), 2);
  ASSERT_EQ(all->items_size(), 2);
  EXPECT_EQ(all->items(1).text(), "Item 2");
  EXPECT_EQ(all->footer().items(), 2);
}

TEST_P(StreamingTest, GathersNothingThatIsNotWhole) {
  const auto says = [this](std::vector<Part> parts, const char* what) {
    Script script(std::move(parts));
    StartWith(script);
    EXPECT_THAT(Gather(Items(2)), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(what)));
  };
  says({}, "ended early, after 0 items");
  says({HeaderPart(), ItemPart(1)}, "ended early, after 1 items");
  says({HeaderPart(), ItemPart(1), FooterPart(2)}, "ended early, after 1 items");
  says({ItemPart(1), HeaderPart()}, "out of its order");
  says({HeaderPart(), HeaderPart()}, "out of its order");
  says({HeaderPart(), FooterPart(0), ItemPart(1)}, "out of its order");
  says({HeaderPart(), Part()}, "empty");
}

TEST_P(StreamingTest, FailsAsTheGeneratorFailsWithWhatCameBefore) {
  Script script({HeaderPart(), ItemPart(1)}, absl::UnavailableError("the machine is gone"));
  StartWith(script);
  const Received received = Ask(Items(5));
  EXPECT_EQ(received.parts.size(), 2U);
  EXPECT_THAT(received.status, StatusIs(absl::StatusCode::kUnavailable, "the machine is gone"));
  EXPECT_THAT(Gather(Items(5)), StatusIs(absl::StatusCode::kUnavailable, "the machine is gone"));
}

TEST_P(StreamingTest, StopsTheGeneratorWhenItsReaderLeaves) {
  Endless endless;
  StartWith(endless);
  const auto first = running_->Run<Consumer>([](Consumer& consumer) {
    return [](chains::Stream<Part> parts) -> chains::Task<bool> {
      co_await parts.Next();
      const std::optional<Part> item = co_await parts.Next();
      co_return item.has_value();
    }(consumer.RunRemote(Items(1)));
  });
  EXPECT_THAT(first, IsOkAndHolds(true));
  running_.reset();  // it ends only when the endless stream did
  EXPECT_EQ(endless.running(), 0);
  EXPECT_GE(endless.made(), 1);
}

TEST_P(StreamingTest, SumsUp) {
  EXPECT_EQ(SumUp({})->result(), 0);
  EXPECT_EQ(SumUp({NumberOf(3), NumberOf(-5), NumberOf(44)})->result(), 42);
  EXPECT_EQ(SumUp({NumberOf(kLast), NumberOf(-1), NumberOf(1)})->result(), kLast);
  EXPECT_THAT(SumUp({NumberOf(kLast), NumberOf(1)}), StatusIs(absl::StatusCode::kOutOfRange));
}

// Each answer is read before the next request is made.
TEST_P(StreamingTest, EchoesEachTextAtOnceAndCounts) {
  const auto said = running_->Run<Consumer>([](Consumer& consumer) {
    return [](Consumer& of) -> chains::Task<std::vector<std::string>> {
      std::vector<std::string> answers;
      chains::testing::Probe answered;
      chains::Stream<EchoResponse> responses = of.Echo(OneAtATime(answered, {"a", "", "ç"}));
      while (std::optional<EchoResponse> each = co_await responses.Next()) {
        answers.push_back(std::to_string(each->count()) + each->text());
        answered.Arrive();
      }
      co_return answers;
    }(consumer);
  });
  EXPECT_THAT(said, IsOkAndHolds(ElementsAre("1a", "2", "3ç")));
}

TEST_P(StreamingTest, AFailureOfTheCallersStreamFailsTheCall) {
  const auto torn = []() -> chains::Stream<Number> {
    co_yield NumberOf(1);
    co_await absl::DataLossError("torn");
  };
  EXPECT_THAT(running_->Run<Consumer>([&](Consumer& consumer) { return consumer.SumUp(torn()); }),
              StatusIs(absl::StatusCode::kDataLoss, "torn"));
}

}  // namespace
}  // namespace streaming
