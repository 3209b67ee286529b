// What protoc-gen-chains wrote for kinds.proto compiles, knows its contract, and carries all four
// kinds of call through a stub, a guard and a server of bytes.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "chains/contract/loopback_channel.h"
#include "chains/core/wait.h"
#include "kinds/kinds.chains.h"
#include "kinds/only-services.chains.h"

namespace tests::kinds {
namespace {

using ::testing::ElementsAre;

Reply Number(int number) {
  Reply reply;
  reply.set_number(number);
  return reply;
}

class Counting final : public Counter {
 public:
  chains::Task<Reply> One(Request request) override { co_return Number(request.number() + 1); }

  chains::Stream<Reply> Up(Request request) override {
    for (int i = 1; i <= request.number(); ++i) co_yield Number(i);
  }

  chains::Task<Reply> Sum(chains::Stream<Request> requests) override {
    int sum = 0;
    while (std::optional<Request> request = co_await requests.Next()) sum += request->number();
    co_return Number(sum);
  }

  chains::Stream<Reply> Echo(chains::Stream<Request::Inner::Deep> requests) override {
    while (std::optional<Request::Inner::Deep> request = co_await requests.Next()) {
      co_yield Number(request->number());
    }
  }
};

// Lets every call pass and writes down which ones did.
class OpenEdge final : public chains::Edge {
 public:
  std::unique_ptr<chains::internal::Passage> PassageOf(const chains::Method& method) override {
    return std::make_unique<Way>(*this, method);
  }

  std::vector<std::string> started;
  std::vector<absl::StatusCode> ended;

 private:
  class Way final : public chains::internal::Passage {
   public:
    Way(OpenEdge& edge, const chains::Method& method) : edge_(edge), method_(method) {}
    absl::StatusOr<chains::Context> Enter(const chains::Context& caller, absl::Time) override {
      return caller;
    }
    chains::Gate* gate() override { return nullptr; }
    void Started() override { edge_.started.emplace_back(method_.path); }
    void Ended(absl::StatusCode code) override { edge_.ended.push_back(code); }
    bool LastAttempt(int) const override { return true; }
    std::optional<absl::Duration> RetryAfter(const absl::Status&, int) override {
      return std::nullopt;
    }
    absl::Status Describe(const absl::Status& failure, int) override { return failure; }

   private:
    bool TryEnterByItself(const chains::Context&, absl::Time) override {
      Started();
      return true;
    }
    void LeaveByItself(absl::StatusCode code) override { Ended(code); }

    OpenEdge& edge_;
    const chains::Method& method_;
  };
};

template <typename T>
chains::Stream<T> Numbers(std::vector<int> numbers) {
  for (const int number : numbers) {
    T item;
    item.set_number(number);
    co_yield std::move(item);
  }
}

chains::Task<std::vector<int>> Collect(chains::Stream<Reply> replies) {
  std::vector<int> numbers;
  while (std::optional<Reply> reply = co_await replies.Next()) numbers.push_back(reply->number());
  co_return numbers;
}

// The chainlet itself, behind a guard, behind bytes, or behind both.
class ContractTest : public ::testing::TestWithParam<std::string> {
 protected:
  ContractTest() {
    if (GetParam().find("bytes") != std::string::npos) {
      behind_bytes_ = chains::Contract<Counter>::Connect(channel_);
      counter_ = behind_bytes_.get();
    }
    if (GetParam().find("guard") != std::string::npos) {
      behind_guard_ = chains::Contract<Counter>::Guard(*counter_, edge_);
      counter_ = behind_guard_.get();
    }
  }

  Counter& counter() { return *counter_; }
  OpenEdge edge_;

 private:
  Counting counting_;
  chains::Service service_ = chains::Contract<Counter>::Serve(counting_);
  chains::LoopbackChannel channel_{service_};
  std::unique_ptr<Counter> behind_bytes_;
  std::unique_ptr<Counter> behind_guard_;
  Counter* counter_ = &counting_;
};
INSTANTIATE_TEST_SUITE_P(Ways, ContractTest,
                         ::testing::Values("plain", "guard", "bytes", "guard_and_bytes"),
                         [](const auto& info) { return info.param; });

TEST_P(ContractTest, CarriesOneToOne) {
  Request request;
  request.set_number(41);
  EXPECT_EQ(chains::Wait(counter().One(request))->number(), 42);
}

TEST_P(ContractTest, CarriesOneToMany) {
  Request request;
  request.set_number(3);
  EXPECT_THAT(*chains::Wait(Collect(counter().Up(request))), ElementsAre(1, 2, 3));
}

TEST_P(ContractTest, CarriesManyToOne) {
  EXPECT_EQ(chains::Wait(counter().Sum(Numbers<Request>({1, 2, 3})))->number(), 6);
}

TEST_P(ContractTest, CarriesManyToMany) {
  EXPECT_THAT(*chains::Wait(Collect(counter().Echo(Numbers<Request::Inner::Deep>({3, 1, 2})))),
              ElementsAre(3, 1, 2));
}

TEST(GuardTest, TellsTheEdgeOfEveryKindOfCall) {
  Counting counting;
  OpenEdge edge;
  std::unique_ptr<Counter> counter = chains::Contract<Counter>::Guard(counting, edge);
  ASSERT_TRUE(chains::Wait(counter->One(Request())).ok());
  ASSERT_TRUE(chains::Wait(Collect(counter->Up(Request()))).ok());
  ASSERT_TRUE(chains::Wait(counter->Sum(Numbers<Request>({}))).ok());
  ASSERT_TRUE(chains::Wait(Collect(counter->Echo(Numbers<Request::Inner::Deep>({})))).ok());
  EXPECT_THAT(edge.started, ElementsAre("/tests.kinds.Counter/One", "/tests.kinds.Counter/Up",
                                        "/tests.kinds.Counter/Sum", "/tests.kinds.Counter/Echo"));
  EXPECT_THAT(edge.ended, ::testing::Each(absl::StatusCode::kOk));
}

TEST(GuardTest, OfAGuardTellsBothEdgesOfEveryKindOfCall) {
  Counting counting;
  OpenEdge inside;
  OpenEdge outside;
  std::unique_ptr<Counter> guarded = chains::Contract<Counter>::Guard(counting, inside);
  std::unique_ptr<Counter> counter = chains::Contract<Counter>::Guard(*guarded, outside);
  Request request;
  request.set_number(41);
  EXPECT_EQ(chains::Wait(counter->One(request))->number(), 42);
  request.set_number(2);
  EXPECT_THAT(*chains::Wait(Collect(counter->Up(request))), ElementsAre(1, 2));
  EXPECT_THAT(outside.started, ElementsAre("/tests.kinds.Counter/One", "/tests.kinds.Counter/Up"));
  EXPECT_EQ(inside.started, outside.started);
  EXPECT_THAT(outside.ended, ::testing::Each(absl::StatusCode::kOk));
  EXPECT_EQ(inside.ended, outside.ended);
}

TEST(GuardTest, OfAGuardOfAGuardTellsAll) {
  Counting counting;
  OpenEdge edges[3];
  std::unique_ptr<Counter> first = chains::Contract<Counter>::Guard(counting, edges[0]);
  std::unique_ptr<Counter> second = chains::Contract<Counter>::Guard(*first, edges[1]);
  std::unique_ptr<Counter> third = chains::Contract<Counter>::Guard(*second, edges[2]);
  ASSERT_TRUE(chains::Wait(third->One(Request())).ok());
  for (const OpenEdge& edge : edges) EXPECT_THAT(edge.ended, ElementsAre(absl::StatusCode::kOk));
}

TEST(InfoTest, KnowsTheContract) {
  const chains::ServiceInfo& info = chains::Contract<Counter>::Info();
  EXPECT_EQ(info.name, chains::Contract<Counter>::kName);
  EXPECT_EQ(info.name, "tests.kinds.Counter");
  EXPECT_EQ(info.proto_file, "kinds/kinds.proto");
  EXPECT_EQ(info.line, 10);
  EXPECT_EQ(info.descriptor()->full_name(), "tests.kinds.Counter");

  std::vector<chains::MethodKind> kinds;
  std::vector<bool> idempotent;
  for (const chains::Method& method : info.methods) {
    kinds.push_back(method.kind);
    idempotent.push_back(method.idempotent);
    EXPECT_EQ(method.chainlet, "tests.kinds.Counter");
  }
  EXPECT_THAT(
      kinds, ElementsAre(chains::MethodKind::kUnary, chains::MethodKind::kServerStreaming,
                         chains::MethodKind::kClientStreaming, chains::MethodKind::kBidirectional));
  EXPECT_THAT(idempotent, ElementsAre(true, true, false, false));
  EXPECT_EQ(info.methods[0].line, 12);
}

// As ServiceInfo::comments has it, file by file.
std::vector<std::string> FilesOf(std::string_view comments) {
  google::protobuf::FileDescriptorSet files;
  EXPECT_TRUE(files.ParseFromString(std::string(comments)));
  std::vector<std::string> names;
  for (const auto& file : files.file()) names.push_back(file.name());
  return names;
}

TEST(InfoTest, HasTheCommentsOfTheFileAndItsImportsButNotOfProtobufs) {
  const chains::ServiceInfo& info = chains::Contract<Counter>::Info();
  ASSERT_NE(info.comments, nullptr);
  EXPECT_THAT(FilesOf(*info.comments), ElementsAre("chains/v1/options.proto", "kinds/kinds.proto"));
  EXPECT_THAT(*info.comments, ::testing::HasSubstr(" Answers with one number.\n"));
}

TEST(InfoTest, FindsTheDescriptorOfAFileOfServicesOnly) {
  const chains::ServiceInfo& info = chains::Contract<Apart>::Info();
  ASSERT_NE(info.descriptor(), nullptr);
  EXPECT_EQ(info.descriptor()->file()->name(), "kinds/only-services.proto");
}

}  // namespace
}  // namespace tests::kinds
