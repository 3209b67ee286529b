#include "deploy/recording/make_test.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "deploy/recording/test_text.h"
#include "hello.pb.h"

namespace chains::deploy {
namespace {

using ::testing::HasSubstr;

v1::RecordingHeader Header() {
  v1::RecordingHeader header;
  header.set_version(1);
  header.set_chain("hello");
  header.set_deployment("3f9a");
  header.set_entrypoint("hello.HelloAll");
  header.set_unix_ms(1'790'000'000'000);
  hello::HelloAllRequest::descriptor()->file()->CopyTo(header.mutable_descriptors()->add_file());
  return header;
}

v1::Span& Add(v1::RecordedRequest& request, uint64_t id, uint64_t parent,
              const std::string& chainlet) {
  v1::Span& span = *request.add_spans();
  span.set_span_id(id);
  span.set_parent_span_id(parent);
  span.set_chainlet(chainlet);
  span.set_method("RunRemote");
  span.set_start_unix_us(static_cast<int64_t>(id));
  span.set_recorded(true);
  return span;
}

// Ada is greeted; the other name, which needs care in a string, is not.
v1::RecordedRequest Failed(const std::string& name = "a)pb\" \\ \n?\xc3\xa4") {
  v1::RecordedRequest request;
  hello::HelloAllRequest all;
  all.add_names("Ada");
  all.add_names(name);
  v1::Span& entry = Add(request, 1, 0, "hello.HelloAll");
  entry.set_request(all.SerializeAsString());
  entry.set_code(3);
  hello::SayHelloRequest one;
  one.set_name("Ada");
  hello::SayHelloResponse said;
  said.set_result("Hello, Ada");
  v1::Span& well = Add(request, 2, 1, "hello.SayHello");
  well.set_request(one.SerializeAsString());
  well.set_reply(said.SerializeAsString());
  one.set_name(name);
  v1::Span& ill = Add(request, 3, 1, "hello.SayHello");
  ill.set_request(one.SerializeAsString());
  ill.set_code(3);
  ill.set_message("\"this\" is no name");
  return request;
}

std::string ProblemOf(const v1::RecordingHeader& header, const v1::RecordedRequest& request) {
  return std::string(MessageOf(MakeTest(header, request).status()));
}

TEST(MakeTest, WritesWhatIsCompiledBesideIt) {
  const absl::StatusOr<v1::MakeTestResponse> test = MakeTest(Header(), Failed());
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_EQ(test->file_name(), "hello_all_recorded_test.cc");
  EXPECT_THAT(test->how(), HasSubstr("hello_chain chains::testing"));
  std::ifstream golden(GOLDEN);
  std::ostringstream text;
  text << golden.rdbuf();
  EXPECT_EQ(test->text(), text.str());
}

TEST(MakeTest, WhatIsNotWholeIsRefused) {
  v1::RecordedRequest request = Failed();
  request.mutable_spans(1)->set_cut(true);
  EXPECT_THAT(ProblemOf(Header(), request), HasSubstr("were too large to be recorded"));
  EXPECT_THAT(ProblemOf(Header(), v1::RecordedRequest()), HasSubstr("lacks the call"));
  EXPECT_THAT(ProblemOf(Header(), Failed(std::string(5 << 20, 'x'))), HasSubstr("too large"));
  request = Failed();
  request.mutable_spans(1)->set_request("\xff");
  EXPECT_THAT(ProblemOf(Header(), request), HasSubstr("is no hello.SayHelloRequest"));
  EXPECT_FALSE(MakeTest(v1::RecordingHeader(), Failed()).ok());
}

TEST(TestText, RawStringsEndWhereTheyShould) {
  EXPECT_EQ(RawString("a"), "R\"pb(a)pb\"");
  EXPECT_EQ(RawString("a)pb\""), "R\"pb1(a)pb\")pb1\"");
}

}  // namespace
}  // namespace chains::deploy
