// /openapi.json of a platform's routes: which pages there are, and when they change.
#include "gateway/app/openapi_pages.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/app/platform_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class OpenApiPagesTest : public PlatformFixture {
 protected:
  void SetUp() override {
    Open();
    Tell(Table(1)
             .With("v1", "hello", {"a"})
             .With("v2", "hello", {})
             .Points("hello", "production", "v1"));
  }
  std::string Etag(const std::string& answer) {
    const size_t begin = answer.find("ETag: ") + 6;
    return answer.substr(begin, answer.find('\r', begin) - begin);
  }
  std::string AskKnowing(std::string_view path, std::string_view etags) {
    return Ask(Text("GET ", path, " HTTP/1.1\r\nHost: a\r\nIf-None-Match: ", etags, "\r\n\r\n"));
  }
};

TEST_F(OpenApiPagesTest, OneDescribesAllAndOneEachRouteUnderEachOfItsPaths) {
  EXPECT_THAT(Ask(Get("/openapi.json")),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Type: application/json"),
                    HasSubstr(R"("/chains/hello/production/greet":{"post":)"),
                    HasSubstr(R"("/chains/hello/deployment/v2/greet":{"post":)"),
                    HasSubstr(R"("operationId":"helloProductionGreet")")));
  for (const std::string path :
       {"/production", "/environments/production", "/chains/hello", "/chains/hello/production",
        "/chains/hello/environments/production", "/deployment/v2", "/chains/hello/deployment/v1"}) {
    EXPECT_THAT(
        Ask(Get(path + "/openapi.json?x=1")),
        AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(Text(R"("servers":[{"url":")", path, "\"}]")),
              HasSubstr(R"("/greet":{"post":)"), HasSubstr(R"("operationId":"greet")"),
              HasSubstr(R"("/wake":)")))
        << path;
  }
}

TEST_F(OpenApiPagesTest, SaysWhatThereIsInsteadOfARouteThatIsNot) {
  EXPECT_THAT(Ask(Get("/staging/openapi.json")),
              AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("production")));
  EXPECT_THAT(Ask(Post("/openapi.json", "{}")), StartsWith("HTTP/1.1 405"));
}

TEST_F(OpenApiPagesTest, IsNotSentAgainToWhoHasIt) {
  const std::string first = Ask(Get("/openapi.json"));
  const std::string etag = Etag(first);
  EXPECT_THAT(first, HasSubstr("Cache-Control: no-cache"));
  for (const std::string& known : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
    const std::string again = AskKnowing("/openapi.json", known);
    EXPECT_THAT(again, AllOf(StartsWith("HTTP/1.1 304"), HasSubstr(etag))) << known;
    EXPECT_THAT(again, Not(HasSubstr("Greeting")));
  }
  EXPECT_THAT(AskKnowing("/openapi.json", "\"other\""), StartsWith("HTTP/1.1 200"));
}

TEST_F(OpenApiPagesTest, ChangesWithRoutesAndContractsAndNotWithReplicas) {
  const std::string etag = Etag(Ask(Get("/openapi.json")));
  Tell(Table(2)
           .With("v1", "hello", {"a", "b"})
           .With("v2", "hello", {"c"})
           .Points("hello", "production", "v1"));
  EXPECT_EQ(Etag(Ask(Get("/openapi.json"))), etag);
  Tell(Table(3).With("v1", "hello", {"a"}).Points("hello", "production", "v1"));
  const std::string fewer = Ask(Get("/openapi.json"));
  EXPECT_NE(Etag(fewer), etag);
  EXPECT_THAT(fewer, Not(HasSubstr("/deployment/v2/")));
}

TEST_F(OpenApiPagesTest, OfManyRoutesIsMadeOffTheLoop) {
  TableOf many = Table(2);
  for (int i = 0; i < 20; ++i) many.With(Text("d", i), "hello", {});
  Tell(many);
  const std::unique_ptr<TestClient> client = Begin(Get("/openapi.json"));
  std::string answer;
  loop_.RunUntil([&] {
    answer += client->Receive();
    return answer.find("\"bearer\"") != std::string::npos || answer.ends_with("}}}");
  });
  EXPECT_THAT(answer, HasSubstr("/chains/hello/deployment/d19/greet"));
}

TEST_F(OpenApiPagesTest, OfVeryManyDeploymentsHasEnvironmentsOnlyAndSaysSo) {
  TableOf many = Table(2);
  for (int i = 0; i < 250; ++i) many.With(Text("d", i), "hello", {});
  Tell(many.Points("hello", "production", "d7"));
  EXPECT_THAT(Ask(Get("/openapi.json")),
              AllOf(HasSubstr("/chains/hello/production/greet"), HasSubstr("too many deployments"),
                    Not(HasSubstr("/chains/hello/deployment/d7/greet"))));
  EXPECT_THAT(Ask(Get("/deployment/d7/openapi.json")), StartsWith("HTTP/1.1 200"));
}

TEST_F(OpenApiPagesTest, WantsNoKeyAndSaysThatCallsDo) {
  EXPECT_THAT(Ask(Get("/production/openapi.json")), Not(HasSubstr("securitySchemes")));
  Tell(Table(2)
           .With("v1", "hello", {"a"})
           .Points("hello", "production", "v1")
           .Key(std::string(32, 'k'), true));
  EXPECT_THAT(Ask(Get("/production/openapi.json")),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("securitySchemes")));
}

}  // namespace
}  // namespace chains::gateway
