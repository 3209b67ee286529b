#include "chains/http/asked.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"

namespace chains::http {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

TEST(PlaceRequest, SendsABodyAsItIs) {
  const auto asked = PlaceRequest("POST", "/v1/chat", R"({"a": {"b":1}})");
  ASSERT_THAT(asked, IsOk());
  EXPECT_EQ(asked->target, "/v1/chat");
  EXPECT_EQ(asked->body, R"({"a": {"b":1}})");
}

TEST(PlaceRequest, TakesFieldsOfThePathOutOfTheBody) {
  const auto asked =
      PlaceRequest("PUT", "/v1/{model}/{n}", R"({"model":"a/b c","x":[1, {"y":2}],"n":7,"z":""})");
  ASSERT_THAT(asked, IsOk());
  EXPECT_EQ(asked->target, "/v1/a%2Fb%20c/7");
  EXPECT_EQ(asked->body, R"({"x":[1, {"y":2}],"z":""})");
}

TEST(PlaceRequest, PutsWhatIsLeftIntoTheQueryOfAGet) {
  const auto asked =
      PlaceRequest("GET", "/m/{id}", R"({"id":"7","deep":true,"tag":["a&b","ä"],"n":-1.5})");
  ASSERT_THAT(asked, IsOk());
  EXPECT_EQ(asked->target, "/m/7?deep=true&tag=a%26b&tag=%C3%A4&n=-1.5");
  EXPECT_EQ(asked->body, "");
  EXPECT_EQ(PlaceRequest("DELETE", "/m", "{}")->target, "/m");
}

TEST(PlaceRequest, RefusesWhatCannotGoThere) {
  EXPECT_THAT(PlaceRequest("POST", "/{id}", "{}"), StatusIs(kInvalid, HasSubstr("field id")));
  EXPECT_THAT(PlaceRequest("POST", "/{id}", R"({"id":""})"), StatusIs(kInvalid));
  EXPECT_THAT(PlaceRequest("POST", "/{id}", R"({"id":[1]})"),
              StatusIs(kInvalid, HasSubstr("into the path")));
  EXPECT_THAT(PlaceRequest("GET", "/", R"({"a":{"b":1}})"),
              StatusIs(kInvalid, HasSubstr("into the query")));
  EXPECT_THAT(PlaceRequest("GET", "/", R"({"a":[[1]]})"), StatusIs(kInvalid));
  EXPECT_THAT(PlaceRequest("GET", "/", R"({"a":)"), StatusIs(kInvalid));
  EXPECT_THAT(PlaceRequest("GET", "/", "[]"), StatusIs(kInvalid));
}

TEST(CheckMapping, KnowsWhatCanBeAsked) {
  EXPECT_THAT(CheckMapping("POST", "/v1/{a}/b-{c}"), IsOk());
  EXPECT_THAT(CheckMapping("post", "/"), StatusIs(kInvalid, HasSubstr("verb")));
  for (const char* path : {"", "v1", "/a?b", "/a#b", "/a b", "/{", "/}", "/{a{b}}", "/{}", "/\n"}) {
    EXPECT_THAT(CheckMapping("POST", path), StatusIs(kInvalid, HasSubstr("path"))) << path;
  }
}

}  // namespace
}  // namespace chains::http
