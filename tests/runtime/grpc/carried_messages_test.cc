// The messages of a carrier, held to what protobuf makes of them.
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/grpc/carried_reader.h"
#include "chains/grpc/carried_writer.h"
#include "chains/v1/wire_carrier.pb.h"

namespace chains::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

template <typename Message>
Message Parsed(const Bytes& bytes) {
  Message message;
  EXPECT_TRUE(bytes.ParseInto(message).ok());
  return message;
}

Bytes Serialized(const google::protobuf::MessageLite& message) {
  return Bytes(message.SerializeAsString());
}

Context FullContext() {
  const Traceparent parent{.trace = {.high = 0x0123456789abcdef, .low = 0xfedcba9876543210},
                           .parent = 0x1122334455667788,
                           .sampled = true};
  return Context(absl::InfiniteFuture(), parent, {{"x-user", "ada"}, {"te", "trailers"}})
      .WithPriority(2)
      .AsFurtherAttempt();
}

TEST(CarriedMessagesTest, ACallIsWhatItsContextSays) {
  CarriedWriter writer;
  writer.AddCall(7, "/test.Echo/One", 1500, FullContext(), true, Bytes("hello"));
  writer.AddCancelled(5);
  const auto said = Parsed<wire::v1::CarriedCalls>(writer.Take());
  ASSERT_EQ(said.calls_size(), 1);
  const wire::v1::CarriedCall& call = said.calls(0);
  EXPECT_EQ(call.id(), 7);
  EXPECT_EQ(call.path(), "/test.Echo/One");
  EXPECT_EQ(call.timeout_us(), 1500);
  EXPECT_EQ(call.trace_high(), 0x0123456789abcdef);
  EXPECT_EQ(call.trace_low(), 0xfedcba9876543210);
  EXPECT_EQ(call.span(), 0x1122334455667788);
  EXPECT_TRUE(call.sampled());
  EXPECT_EQ(call.priority(), 2);
  EXPECT_TRUE(call.further_attempt());
  EXPECT_TRUE(call.asks_load());
  EXPECT_FALSE(call.asks_receipt());
  ASSERT_EQ(call.headers_size(), 1);  // "te" belongs to one connection
  EXPECT_EQ(call.headers(0).name(), "x-user");
  EXPECT_EQ(call.headers(0).value(), "ada");
  EXPECT_EQ(call.request(), "hello");
  EXPECT_THAT(said.cancelled(), ElementsAre(5));
  EXPECT_TRUE(writer.empty());
}

TEST(CarriedMessagesTest, APlainCallSaysNoMoreThanItMust) {
  CarriedWriter writer;
  writer.AddCall(1, "/a/b", 0, Context(), false, Bytes());
  const auto said = Parsed<wire::v1::CarriedCalls>(writer.Take());
  ASSERT_EQ(said.calls_size(), 1);
  wire::v1::CarriedCall expected;
  expected.set_id(1);
  expected.set_path("/a/b");
  EXPECT_EQ(said.calls(0).SerializeAsString(), expected.SerializeAsString());
}

TEST(CarriedMessagesTest, AnAnswerHasItsStatusAndWhatWasAskedFor) {
  CarriedWriter writer;
  writer.AddAnswer(3, Bytes("reply"), {.receipt = "receipt", .load = 0});
  writer.AddAnswer(
      4, Bytes(),
      {.status = grpc::Status(grpc::StatusCode::NOT_FOUND, "no such thing", "details")});
  writer.AddLeaving();
  const auto said = Parsed<wire::v1::CarriedAnswers>(writer.Take());
  ASSERT_EQ(said.answers_size(), 2);
  EXPECT_EQ(said.answers(0).id(), 3);
  EXPECT_EQ(said.answers(0).code(), 0);
  EXPECT_EQ(said.answers(0).reply(), "reply");
  EXPECT_EQ(said.answers(0).receipt(), "receipt");
  EXPECT_TRUE(said.answers(0).has_load());
  EXPECT_EQ(said.answers(0).load(), 0);
  EXPECT_EQ(said.answers(1).code(), 5);
  EXPECT_EQ(said.answers(1).message(), "no such thing");
  EXPECT_EQ(said.answers(1).details(), "details");
  EXPECT_FALSE(said.answers(1).has_load());
  EXPECT_TRUE(said.leaving());
}

struct Calls {
  std::vector<uint64_t> ids;
  std::vector<std::string> requests;
  std::vector<Context> contexts;
  std::vector<Wishes> wishes;
  std::vector<uint64_t> cancelled;
  absl::Status status;
};

Calls ReadCalls(const Bytes& message) {
  Calls calls;
  CarriedCallsReader reader(message);
  const auto cancelled = [&calls](uint64_t id) { calls.cancelled.push_back(id); };
  for (ReceivedCall call; reader.Next(call, cancelled); call = {}) {
    calls.ids.push_back(call.id);
    calls.requests.push_back(call.request.ToString());
    calls.contexts.push_back(ContextOf(absl::InfiniteFuture(), std::move(call.said), call.wishes));
    call.wishes.recording = {};
    calls.wishes.push_back(call.wishes);
  }
  calls.status = reader.status();
  return calls;
}

TEST(CarriedMessagesTest, WhatWasWrittenIsRead) {
  CarriedWriter writer;
  writer.AddCall(7, "/test.Echo/One", 1500, FullContext(), true, Bytes("hello"));
  writer.AddCall(8, "/test.Echo/One", 0, Context(), false, Bytes());
  writer.AddCancelled(7);
  const Calls calls = ReadCalls(writer.Take());
  ASSERT_TRUE(calls.status.ok()) << calls.status;
  EXPECT_THAT(calls.ids, ElementsAre(7, 8));
  EXPECT_THAT(calls.requests, ElementsAre("hello", ""));
  EXPECT_THAT(calls.cancelled, ElementsAre(7));
  EXPECT_EQ(calls.contexts[0].trace_id(), "0123456789abcdeffedcba9876543210");
  EXPECT_EQ(calls.contexts[0].priority(), 2);
  EXPECT_TRUE(calls.contexts[0].further_attempt());
  EXPECT_THAT(calls.contexts[0].headers(), ElementsAre(Pair("x-user", "ada")));
  EXPECT_TRUE(calls.wishes[0].load);
  EXPECT_TRUE(calls.wishes[0].traced);
  EXPECT_NE(calls.contexts[1].trace_id(), "") << "a trace begins where there is none";
  EXPECT_EQ(calls.contexts[1].priority(), Context::kUsualPriority);
}

TEST(CarriedMessagesTest, WhatOnlyAStrangerSendsIsLeftOut) {
  wire::v1::CarriedCalls sent;
  wire::v1::CarriedCall& call = *sent.add_calls();
  call.set_id(1);
  call.set_priority(99);
  call.set_recording("no/id");
  call.set_trace_high(1);  // without a span
  for (const auto& [name, value] :
       Headers{{"Bad", "x"}, {"x-bin", "x"}, {"good", "y"}, {"z", "\n"}}) {
    call.add_headers()->set_name(name);
    call.mutable_headers(call.headers_size() - 1)->set_value(value);
  }
  sent.add_cancelled(300);
  sent.add_cancelled(301);  // packed
  const Calls calls = ReadCalls(Serialized(sent));
  ASSERT_TRUE(calls.status.ok()) << calls.status;
  EXPECT_THAT(calls.contexts[0].headers(), ElementsAre(Pair("good", "y")));
  EXPECT_EQ(calls.contexts[0].priority(), Context::kUsualPriority);
  EXPECT_NE(calls.contexts[0].trace_id().substr(0, 16), "0000000000000001");
  EXPECT_THAT(calls.cancelled, ElementsAre(300, 301));
}

TEST(CarriedMessagesTest, WhatALaterVersionSaysIsSkipped) {
  wire::v1::CarriedCalls sent;
  sent.add_calls()->set_id(1);
  sent.mutable_calls(0)
      ->GetReflection()
      ->MutableUnknownFields(sent.mutable_calls(0))
      ->AddVarint(100, 1);
  google::protobuf::UnknownFieldSet& more = *sent.GetReflection()->MutableUnknownFields(&sent);
  more.AddVarint(100, 1);
  more.AddFixed32(101, 1);
  more.AddFixed64(102, 1);
  more.AddLengthDelimited(103, "more");
  const Calls calls = ReadCalls(Serialized(sent));
  ASSERT_TRUE(calls.status.ok()) << calls.status;
  EXPECT_THAT(calls.ids, ElementsAre(1));
}

TEST(CarriedMessagesTest, WhatIsCutOffIsRefusedAfterWhatWasWhole) {
  CarriedWriter writer;
  writer.AddCall(1, "/a/b", 0, Context(), false, Bytes("one"));
  writer.AddCall(2, "/a/b", 0, Context(), false, Bytes("two"));
  const std::string whole = writer.Take().ToString();
  for (size_t length = 0; length < whole.size(); ++length) {
    const Calls calls = ReadCalls(Bytes(whole.substr(0, length)));
    const size_t first = whole.size() / 2;
    EXPECT_EQ(calls.status.ok(), length == 0 || length == first) << length;
    EXPECT_EQ(calls.ids.size(), length >= first ? 1 : 0) << length;
  }
}

TEST(CarriedMessagesTest, WhatIsNoFieldIsRefused) {
  for (const std::string& nonsense : {std::string("\xff\xff\xff"), std::string("\0", 1),
                                      std::string("\x0b"), std::string("\x0a\xff\xff\xff\xff\x0f"),
                                      std::string("\x0a\x02\x08"), std::string("\x10")}) {
    EXPECT_FALSE(ReadCalls(Bytes(nonsense)).status.ok()) << nonsense.size();
  }
}

TEST(CarriedMessagesTest, LargePayloadsAreSharedAndNoMessageHasTwoOfThem) {
  const Bytes large(std::string(100'000, 'x'));
  const Bytes small("small");
  CarriedWriter writer;
  writer.AddAnswer(1, small, {});
  writer.AddAnswer(2, large, {});
  writer.AddAnswer(3, large, {});
  writer.AddAnswer(4, small, {});
  std::vector<std::pair<uint64_t, size_t>> read;
  std::vector<size_t> in_message;
  while (!writer.empty()) {
    const size_t before = read.size();
    EXPECT_TRUE(
        ReadCarriedAnswers(
            writer.Take(),
            [&](ReceivedAnswer& answer) { read.emplace_back(answer.id, answer.reply.size()); },
            [] {})
            .ok());
    in_message.push_back(read.size() - before);
  }
  EXPECT_THAT(read, ElementsAre(Pair(1, 5), Pair(2, 100'000), Pair(3, 100'000), Pair(4, 5)));
  EXPECT_THAT(in_message, ElementsAre(1, 1, 1, 1));
}

TEST(CarriedMessagesTest, ManySmallOnesShareAMessage) {
  CarriedWriter writer;
  for (uint64_t id = 1; id <= 100; ++id) writer.AddAnswer(id, Bytes("small"), {});
  const auto said = Parsed<wire::v1::CarriedAnswers>(writer.Take());
  EXPECT_EQ(said.answers_size(), 100);
  EXPECT_TRUE(writer.empty());
}

TEST(CarriedMessagesTest, ACodeThatNobodyKnowsIsUnknown) {
  wire::v1::CarriedAnswers sent;
  sent.add_answers()->set_code(99);
  sent.mutable_answers(0)->set_load(2'000'000'000);
  EXPECT_TRUE(ReadCarriedAnswers(
                  Serialized(sent),
                  [](ReceivedAnswer& answer) {
                    EXPECT_EQ(answer.end.status.error_code(), grpc::StatusCode::UNKNOWN);
                    EXPECT_EQ(answer.end.load, -1);
                  },
                  [] {})
                  .ok());
}

}  // namespace
}  // namespace chains::internal
