// The rules of dependencies on services that somebody else deployed.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assistant.chains.h"
#include "chains/chain/problem.h"
#include "specs.h"

namespace chains::internal {
namespace {

using ::testing::HasSubstr;
using tests::assistant::Assistant;
using tests::assistant::Chat;

// What is wrong with a dependency; empty: nothing.
std::string ProblemsOf(Needs<Chat> needs) {
  return ProblemText(Validate(ChainOf({ChainletAt<Assistant>(3, {On<Chat>(std::move(needs))})})));
}

TEST(ValidateElsewhere, AUrlIsOfAKnownKind) {
  for (const char* url : {"grpc://a:1", "grpcs://a", "unix:/a", "http://a/b", "https://a/b/"}) {
    EXPECT_EQ(ProblemsOf({.url = url}), "") << url;
  }
  EXPECT_THAT(ProblemsOf({.url = "model:80"}),
              HasSubstr("url of tests.assistant.Chat: 'model:80'"));
  EXPECT_THAT(ProblemsOf({.url = "ftp://a"}), HasSubstr("only http, https, grpc and grpcs"));
  EXPECT_THAT(ProblemsOf({.url = "grpc://a/b"}), HasSubstr("leave out /b"));
}

TEST(ValidateElsewhere, VariablesInAUrlAreDeclared) {
  EXPECT_THAT(ProblemsOf({.url = "grpc://${WHERE}"}), HasSubstr("no variable WHERE"));
  EXPECT_THAT(ProblemsOf({.url = "grpc://${WHERE"}), HasSubstr("a } is missing"));
  ChainSpec chain = ChainOf({ChainletAt<Assistant>(3, {On<Chat>({.url = "${WHERE}"})})});
  chain.chainlets[0].settings.variables["WHERE"] = "grpc://a";
  EXPECT_EQ(ProblemText(Validate(chain)), "");
  chain.chainlets[0].settings.variables["WHERE"] = "a";
  EXPECT_THAT(ProblemText(Validate(chain)), HasSubstr("'a': this is no URL"));
  // A deployment must say it then.
  chain.chainlets[0].settings.variables["WHERE"] = "";
  EXPECT_EQ(ProblemText(Validate(chain)), "");
}

TEST(ValidateElsewhere, ASecretDoesNotTravelInTheClear) {
  EXPECT_EQ(ProblemsOf({.url = "http://127.0.0.1:8000", .url_secret = "key"}), "");
  EXPECT_EQ(ProblemsOf({.url = "grpcs://a", .url_secret = "key"}), "");
  EXPECT_THAT(ProblemsOf({.url = "http://a", .url_secret = "key"}), HasSubstr("in the clear"));
  EXPECT_THAT(ProblemsOf({.url = "grpc://a", .url_secret = "key"}), HasSubstr("in the clear"));
  EXPECT_THAT(ProblemsOf({.url_secret = "key"}), HasSubstr("no url to send it to"));
}

TEST(ValidateElsewhere, HttpNeedsAContractThatSaysWhere) {
  const ChainSpec chain = ChainOf({ChainletAt<Chat>(3, {On<Assistant>({.url = "https://a"})})});
  EXPECT_THAT(ProblemText(Validate(chain)),
              HasSubstr("RunRemote (assistant.proto:9) does not say where it is"));
}

TEST(ValidateElsewhere, WhatTheChainHasIsNotElsewhere) {
  const ChainSpec chain =
      ChainOf({ChainletAt<Assistant>(3, {On<Chat>({.url = "grpc://a"})}), ChainletAt<Chat>(4)});
  EXPECT_THAT(ProblemText(Validate(chain)), HasSubstr("the chain has that chainlet itself"));
}

}  // namespace
}  // namespace chains::internal
