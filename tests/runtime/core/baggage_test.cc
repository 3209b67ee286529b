// What may travel beside a trace, by W3C's own words.
#include "chains/core/baggage.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace chains::internal {
namespace {

std::string Members(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) absl::StrAppend(&text, i > 0 ? "," : "", "k", i, "=v");
  return text;
}

TEST(Tracestate, IsAListOfPairs) {
  for (const char* text :
       {"rojo=00f067aa0ba902b7", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "tenant@system=1",
        "a=1 ,\tb=2", "a=1,,b=2,", "0a_-*/=!#$%^&()", "a= leading"}) {
    EXPECT_TRUE(IsTracestate(text)) << text;
  }
  for (const char* text :
       {"", ",", "rojo", "=1", "rojo=", "Rojo=1", "a=1=2", "a b=1", "-a=1", "a=\n", "a=\xc3\xbc"}) {
    EXPECT_FALSE(IsTracestate(text)) << text;
  }
}

TEST(Tracestate, HasBounds) {
  EXPECT_TRUE(IsTracestate(Members(32)));
  EXPECT_FALSE(IsTracestate(Members(33)));
  EXPECT_TRUE(IsTracestate("a=" + std::string(256, 'x')));
  EXPECT_FALSE(IsTracestate("a=" + std::string(257, 'x')));
  EXPECT_FALSE(IsTracestate(std::string(257, 'k') + "=x"));
  EXPECT_FALSE(IsTracestate("a=1" + std::string(kMaxTraceListBytes, ',')));
}

TEST(Baggage, IsAListOfPairsWithProperties) {
  for (const char* text : {"userId=alice", "userId=alice,serverNode=DF%2028,isProduction=false",
                           "key1=value1;property1;property2, key2 = value2", "k=v;p=1",
                           "k=", "SomeKey=SomeValue;SomeProp=1=2"}) {
    EXPECT_TRUE(IsBaggage(text)) << text;
  }
  for (const char* text : {"", "key", "=value", "k=a b", "k=\"v\"", "k=v;", "k=v,,k2=v", "k k=v",
                           "k=v\r\nx: 1", "k=\\", "k=\xc3\xbc"}) {
    EXPECT_FALSE(IsBaggage(text)) << text;
  }
}

TEST(Baggage, HasBounds) {
  EXPECT_TRUE(IsBaggage(Members(180)));
  EXPECT_FALSE(IsBaggage(Members(181)));
  EXPECT_TRUE(IsBaggage("k=" + std::string(kMaxTraceListBytes - 2, 'v')));
  EXPECT_FALSE(IsBaggage("k=" + std::string(kMaxTraceListBytes - 1, 'v')));
}

}  // namespace
}  // namespace chains::internal
