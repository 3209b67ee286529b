#include "deploy/apiserver/object.h"

#include <string>

#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"

namespace chains::deploy {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

Json Parsed(const std::string& text) {
  absl::StatusOr<Json> object = ParseObject(text);
  EXPECT_TRUE(object.ok()) << object.status();
  return object.ok() ? *std::move(object) : Json();
}

TEST(ParseObject, RefusesWhatIsNoObject) {
  for (const std::string text : {"", "null", "[]", "3", "\"text\"", "{", "{\"a\":}", "{} x",
                                 "{\"a\": 1e999}", "{\"a\": \"\xff\"}", "{'a': 1}"}) {
    EXPECT_THAT(ParseObject(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(ParseObject, RefusesWhatNestsDeeperThanAnyObject) {
  const std::string deep = "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_THAT(ParseObject(deep),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nests deeper")));
  const std::string brackets = "{\"a\":\"" + std::string(1000, '[') + "\\\"{\"}";
  EXPECT_THAT(ParseObject(brackets), testing::IsOk());
}

TEST(ParseObject, SaysWhatItIsInstead) {
  EXPECT_THAT(ParseObject("[1]"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("of type array")));
}

TEST(Object, ReadsWhatIsAtAPointer) {
  const Json pod = Parsed(R"({"metadata":{"name":"a","labels":{"x/y":"1","n":2}},
      "spec":{"containers":[{"name":"main","ports":[{"containerPort":7001}]}],"hostNetwork":true},
      "status":{"podIP":"10.0.0.7","big":18446744073709551615,"less":-5,"part":1.5}})");
  EXPECT_EQ(NameOf(pod), "a");
  EXPECT_EQ(StringAt(pod, "/status/podIP"), "10.0.0.7");
  EXPECT_EQ(StringAt(pod, "/spec/containers/0/name"), "main");
  EXPECT_EQ(IntAt(pod, "/spec/containers/0/ports/0/containerPort"), 7001);
  EXPECT_EQ(IntAt(pod, "/status/less"), -5);
  EXPECT_TRUE(BoolAt(pod, "/spec/hostNetwork"));
  EXPECT_EQ(StringAt(pod, "/metadata/labels/x~1y"), "1");
  EXPECT_EQ(LabelOf(pod, "x/y"), "1");
  EXPECT_EQ(StringsAt(pod, "/metadata/labels"), (std::map<std::string, std::string>{{"x/y", "1"}}));
}

TEST(Object, GivesTheDefaultForWhatIsMissingOrOfAnotherType) {
  const Json pod = Parsed(R"({"metadata":{"name":7},"list":[1],"big":18446744073709551615})");
  EXPECT_EQ(NameOf(pod), "");
  EXPECT_EQ(LabelOf(pod, "x"), "");
  EXPECT_EQ(IntAt(pod, "/big", 3), 3);
  EXPECT_EQ(IntAt(pod, "/metadata", 4), 4);
  EXPECT_TRUE(BoolAt(pod, "/list", true));
  for (const char* pointer : {"/list/1", "/list/x", "/list/", "/list/99999999999999999999", "list",
                              "/metadata/name/deeper", "/~", "/", "//"}) {
    EXPECT_TRUE(At(pod, pointer).is_null()) << pointer;
  }
  EXPECT_EQ(&At(pod, ""), &pod);
  EXPECT_FALSE(IsBeingDeleted(Json(nullptr)));
}

TEST(ToText, ReplacesWhatIsNotUtf8) {
  Json object;
  object["a"] = "x\xffy";
  EXPECT_EQ(ToText(object), "{\"a\":\"x\uFFFDy\"}");
}

}  // namespace
}  // namespace chains::deploy
