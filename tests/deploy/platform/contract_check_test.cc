#include "deploy/platform/contract_check.h"

#include <gmock/gmock.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

namespace chains::deploy {
namespace {

using google::protobuf::FileDescriptorSet;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

FileDescriptorSet Parse(const std::string& body) {
  const std::string text = "syntax = \"proto3\"; package shop;" + body;
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  google::protobuf::io::Tokenizer tokenizer(&stream, nullptr);
  FileDescriptorSet set;
  google::protobuf::FileDescriptorProto& file = *set.add_file();
  google::protobuf::compiler::Parser parser;
  EXPECT_TRUE(parser.Parse(&tokenizer, &file)) << text;
  file.set_name("shop.proto");
  return set;
}

constexpr char kService[] = "service Total { rpc Run(Ask) returns (Reply); }";

std::vector<std::string> Breaks(const std::string& before, const std::string& after,
                                const std::string& entrypoint = "shop.Total") {
  const std::string old = "shop.Total";
  const FileDescriptorSet a = Parse(before);
  const FileDescriptorSet b = Parse(after);
  return WhatBreaks({a, old}, {b, entrypoint});
}

std::vector<std::string> BreaksOf(const std::string& before, const std::string& after) {
  return Breaks(std::string(kService) + before, std::string(kService) + after);
}

TEST(ContractCheckTest, TheSameContractBreaksNothing) {
  const std::string messages = "message Ask { string a = 1; } message Reply { int32 result = 1; }";
  EXPECT_THAT(BreaksOf(messages, messages), IsEmpty());
}

TEST(ContractCheckTest, MoreToAskForAndMoreToSayBreakNothing) {
  EXPECT_THAT(BreaksOf("message Ask { string a = 1; } message Reply { int32 x = 1; int32 y = 2; }",
                       "message Ask { string a = 1; optional string b = 2; }"
                       "message Reply { int32 x = 1; int32 y = 2; string z = 3; }"),
              IsEmpty());
}

TEST(ContractCheckTest, ANewFieldThatIsNeededBreaks) {
  EXPECT_THAT(
      BreaksOf("message Ask { string a = 1; } message Reply { int32 x = 1; }",
               "message Ask { string a = 1; string b = 2; } message Reply { int32 x = 1; }"),
      ElementsAre(HasSubstr("needs the field b")));
}

TEST(ContractCheckTest, WhatCallersReadMustStay) {
  EXPECT_THAT(BreaksOf("message Ask { string a = 1; } message Reply { int32 x = 1; int32 y = 2; }",
                       "message Ask { string a = 1; } message Reply { int32 x = 1; }"),
              ElementsAre(HasSubstr("shop.Reply.y is gone")));
}

TEST(ContractCheckTest, WhatCallersSendMayBeIgnored) {
  EXPECT_THAT(BreaksOf("message Ask { string a = 1; string b = 2; } message Reply { int32 x = 1; }",
                       "message Ask { string a = 1; } message Reply { int32 x = 1; }"),
              IsEmpty());
}

TEST(ContractCheckTest, TypesNumbersNamesAndListsMustStay) {
  const std::string reply = " message Reply { int32 x = 1; }";
  const std::string before = "message Ask { string a = 1; }" + reply;
  EXPECT_THAT(BreaksOf(before, "message Ask { int32 a = 1; }" + reply),
              ElementsAre(HasSubstr("has the type int32, before string")));
  EXPECT_THAT(BreaksOf(before, "message Ask { string a = 7; }" + reply),
              ElementsAre(HasSubstr("has another number, 7 for 1")));
  EXPECT_THAT(BreaksOf(before, "message Ask { string b = 1; }" + reply),
              ElementsAre(HasSubstr("needs the field b"), HasSubstr("is now called b")));
  EXPECT_THAT(BreaksOf(before, "message Ask { repeated string a = 1; }" + reply),
              ElementsAre(HasSubstr("is a list now")));
}

TEST(ContractCheckTest, LooksIntoMessagesOnceEvenWhenTheyHoldThemselves) {
  const std::string before =
      "message Ask { Node n = 1; } message Node { Node next = 1; string name = 2; }"
      "message Reply { Node n = 1; int32 x = 2; }";
  EXPECT_THAT(BreaksOf(before, before), IsEmpty());
  EXPECT_THAT(BreaksOf(before,
                       "message Ask { Node n = 1; } message Node { Node next = 1; bytes name = 2; }"
                       "message Reply { Node n = 1; int32 x = 2; }"),
              ElementsAre(HasSubstr("shop.Node.name has the type bytes")));
}

TEST(ContractCheckTest, ABareResultMustStayBare) {
  EXPECT_THAT(
      BreaksOf("message Ask { string a = 1; } message Reply { int32 result = 1; }",
               "message Ask { string a = 1; } message Reply { int32 result = 1; int32 more = 2; }"),
      ElementsAre(HasSubstr("is now an object in JSON")));
}

TEST(ContractCheckTest, EnumValuesMustStay) {
  const std::string rest = " message Ask { Kind k = 1; } message Reply { int32 x = 1; }";
  EXPECT_THAT(BreaksOf("enum Kind { A = 0; B = 1; }" + rest, "enum Kind { A = 0; C = 1; }" + rest),
              ElementsAre(HasSubstr("does not know B = 1 any more")));
}

TEST(ContractCheckTest, MethodsAndTheEntrypointMustStay) {
  const std::string messages = " message Ask { string a = 1; } message Reply { int32 x = 1; }";
  const std::string two =
      "service Total { rpc Run(Ask) returns (Reply); rpc More(Ask) returns (Reply); }" + messages;
  EXPECT_THAT(Breaks(two, kService + messages), ElementsAre("method More is gone"));
  EXPECT_THAT(Breaks(kService + messages,
                     "service Total { rpc Run(Ask) returns (stream Reply); }" + messages),
              ElementsAre(HasSubstr("streams otherwise")));
  EXPECT_THAT(Breaks(kService + messages,
                     "service Sum { rpc Run(Ask) returns (Reply); }" + messages, "shop.Sum"),
              ElementsAre(HasSubstr("the entrypoint is shop.Sum, before shop.Total")));
}

}  // namespace
}  // namespace chains::deploy
