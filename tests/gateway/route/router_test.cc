#include "gateway/route/router.h"

#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Router RouterOf(const std::vector<std::string>& texts) {
  std::vector<Route> routes;
  for (const std::string& text : texts) routes.push_back(ParseRouteFlag(text + "=x:1")->route);
  return *Router::Create(std::move(routes));
}

std::string Found(const Router& router, std::string_view target) {
  const auto match = router.Find(target);
  if (!match.ok()) return std::string(MessageOf(match.status()));
  return Text(router.routes()[match->route].ToString(), " ", match->method);
}

TEST(Router, KnowsEveryWayToWriteARoute) {
  const Router router =
      RouterOf({"hello/development", "hello/production", "hello/deployment/8f3a"});
  EXPECT_EQ(Found(router, "/production/run_remote"), "hello/production run_remote");
  EXPECT_EQ(Found(router, "/environments/production/run_remote"), "hello/production run_remote");
  EXPECT_EQ(Found(router, "/development/generate?x=/y"), "hello/development generate");
  EXPECT_EQ(Found(router, "/deployment/8f3a/run_remote"), "hello/deployment/8f3a run_remote");
  EXPECT_EQ(Found(router, "/run_remote"), "hello/production run_remote");
  EXPECT_EQ(Found(router, "/chains/hello/production/run_remote"), "hello/production run_remote");
  EXPECT_EQ(Found(router, "/chains/hello/environments/development/x"), "hello/development x");
  EXPECT_EQ(Found(router, "/chains/hello/deployment/8f3a/x"), "hello/deployment/8f3a x");
  EXPECT_EQ(Found(router, "/chains/hello/run_remote"), "hello/production run_remote");
  EXPECT_EQ(Found(router, "/chains/h%65llo/run_remote"), "hello/production run_remote");
}

TEST(Router, TakesDevelopmentWhereThereIsNoProduction) {
  EXPECT_EQ(Found(RouterOf({"hello/staging", "hello/development"}), "/run_remote"),
            "hello/development run_remote");
  EXPECT_THAT(Found(RouterOf({"hello/staging"}), "/run_remote"), HasSubstr("only: staging"));
}

TEST(Router, WantsAPrefixWhereThereAreSeveralChains) {
  const Router router = RouterOf({"hello/production", "poems/production"});
  EXPECT_THAT(Found(router, "/production/run_remote"), HasSubstr("one of: hello, poems"));
  EXPECT_THAT(Found(router, "/run_remote"), HasSubstr("one of: hello, poems"));
  EXPECT_EQ(Found(router, "/chains/poems/production/run_remote"), "poems/production run_remote");
}

TEST(Router, SaysWhatThereIsInstead) {
  const Router router = RouterOf({"hello/production", "hello/deployment/8f3a"});
  EXPECT_THAT(Found(router, "/chains/nope/production/run_remote"), HasSubstr("chains here: hello"));
  EXPECT_THAT(Found(router, "/staging/run_remote"), HasSubstr("only: production, deployment/8f3a"));
  EXPECT_THAT(Found(router, "/deployment/production/run_remote"), HasSubstr("only: production"));
  EXPECT_THAT(Found(router, "/a/b/c/d"), HasSubstr("ENVIRONMENT/METHOD"));
}

TEST(Router, RefusesWhatIsNoPath) {
  const Router router = RouterOf({"hello/production"});
  for (const char* target :
       {"", "*", "/", "//", "production/run_remote", "/production/", "/production//run_remote",
        "/%", "/%2", "/%zz/run_remote", "/chains", "/chains/hello", "?", "/?x"}) {
    EXPECT_EQ(router.Find(target).status().code(), absl::StatusCode::kNotFound) << target;
  }
  EXPECT_THAT(Found(router, "/a/\x01\xFF/b/c/" + std::string(10000, 'x')), HasSubstr("\\x01\\xff"));
}

TEST(Router, LeavesThePathOfAFileAsItCame) {
  const Router router = RouterOf({"hello/production", "hello/deployment/8f3a"});
  const auto rest = [&](std::string_view target) {
    const auto match = router.Find(target);
    return match.ok() ? Text(match->method, " ", match->rest)
                      : std::string(MessageOf(match.status()));
  };
  EXPECT_EQ(rest("/production/download/a"), "download a");
  EXPECT_EQ(rest("/production/download/a/b%20c/d/e/f/g/h/i?x=/1"), "download a/b%20c/d/e/f/g/h/i");
  EXPECT_EQ(rest("/environments/production/download/a/b"), "download a/b");
  EXPECT_EQ(rest("/deployment/8f3a/download/a/b"), "download a/b");
  EXPECT_EQ(rest("/chains/hello/production/download/a/b"), "download a/b");
  EXPECT_EQ(rest("/chains/hello/deployment/8f3a/download/a/b/c"), "download a/b/c");
  EXPECT_EQ(rest("/production/download"), "download ");
  EXPECT_THAT(rest("/download/a/b"), HasSubstr("ENVIRONMENT/METHOD"));
}

TEST(Router, TellsThePathsOfARoute) {
  EXPECT_THAT(RouterOf({"hello/production"}).PathsOf(0),
              ElementsAre("/chains/hello/production", "/chains/hello/environments/production",
                          "/chains/hello", "/production", "/environments/production", ""));
  EXPECT_THAT(RouterOf({"hello/deployment/1", "poems/staging"}).PathsOf(0),
              ElementsAre("/chains/hello/deployment/1"));
}

TEST(Router, RefusesARouteGivenTwice) {
  const Route route = ParseRouteFlag("hello/production=x:1")->route;
  EXPECT_EQ(Router::Create({route, route}).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST(Router, ChoosesARouteByNames) {
  const Router one = RouterOf({"hello/development", "hello/production", "hello/deployment/8f3a"});
  EXPECT_EQ(*one.Choose("", "", ""), 1u);
  EXPECT_EQ(*one.Choose("hello", "", ""), 1u);
  EXPECT_EQ(*one.Choose("", "development", ""), 0u);
  EXPECT_EQ(*one.Choose("", "", "8f3a"), 2u);
  EXPECT_THAT(MessageOf(one.Choose("poems", "", "").status()),
              HasSubstr("no chain poems; chains here: hello"));
  EXPECT_THAT(MessageOf(one.Choose("", "staging", "").status()),
              HasSubstr("only: development, production, deployment/8f3a"));
  EXPECT_EQ(one.Choose("", "production", "8f3a").status().code(),
            absl::StatusCode::kInvalidArgument);

  const Router two = RouterOf({"hello/production", "poems/development", "poems/deployment/1"});
  EXPECT_THAT(MessageOf(two.Choose("", "production", "").status()),
              HasSubstr("no chain is named; chains here: hello, poems"));
  EXPECT_EQ(*two.Choose("poems", "", ""), 1u);
  EXPECT_EQ(*two.Choose("", "", "1"), 2u);
  EXPECT_THAT(MessageOf(two.Choose("", "", "2").status()), HasSubstr("no such deployment"));
}

TEST(Router, SaysWhereThereIsNothing) {
  const Router router = *Router::Create({});
  EXPECT_THAT(Found(router, "/run_remote"), HasSubstr("no chain is deployed here"));
  EXPECT_THAT(MessageOf(router.Choose("", "", "").status()),
              HasSubstr("no chain is deployed here"));
}

TEST(Router, ListsNoThousandDeployments) {
  std::vector<Route> routes;
  for (int i = 0; i < 1000; ++i) {
    routes.push_back(
        {.chain = "hello", .kind = Route::Kind::kDeployment, .name = std::to_string(i)});
  }
  const Router router = *Router::Create(std::move(routes));
  EXPECT_EQ(Found(router, "/deployment/999/x"), "hello/deployment/999 x");
  EXPECT_THAT(Found(router, "/deployment/1000/x"), HasSubstr("deployment/19 and 980 more"));
}

TEST(RouteFlag, NamesRouteAndAddresses) {
  const auto flag = ParseRouteFlag("hello/production=127.0.0.1:9001,unix:/tmp/x=y");
  ASSERT_TRUE(flag.ok());
  EXPECT_EQ(flag->route.ToString(), "hello/production");
  EXPECT_THAT(flag->addresses, ElementsAre("127.0.0.1:9001", "unix:/tmp/x=y"));
}

TEST(RouteFlag, RefusesEverythingElse) {
  for (const char* text :
       {"", "hello", "hello=x:1", "hello/production", "hello/production=", "hello/production=,",
        "/production=x:1", "hello/=x:1", "he llo/production=x:1", "hello/chains=x:1",
        "hello/deployment=x:1", "hello/environments/production=x:1", "a/b/c/d=x:1"}) {
    EXPECT_EQ(ParseRouteFlag(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace chains::gateway
