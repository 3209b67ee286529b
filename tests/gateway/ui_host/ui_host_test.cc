// The page behind the gateway's HTTP server: its files, who signs in, and the platform's methods.
#include "gateway/ui_host/ui_host.h"

#include <array>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "chains/core/text.h"
#include "chains/v1/platform.pb.h"
#include "everything.pb.h"
#include "gateway/app/gateway.h"
#include "gateway/http/server.h"
#include "tests/gateway/app/fake_channel.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"
#include "tests/runtime/json/descriptors.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::array<UiAsset, 2> kAssets = {{
    {.path = "assets/a-1.js",
     .type = "text/javascript; charset=utf-8",
     .digest = "d1",
     .plain = "plain script",
     .gzip = "zipped",
     .brotli = "brotli"},
    {.path = "index.html", .type = "text/html; charset=utf-8", .digest = "d2", .plain = "<html>"},
}};
constexpr const char* kPage =
    "Chains-UI: 1\r\nOrigin: http://127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n";

// Plays chains.v1.Platform.
class FakePlatformChannel final : public Channel {
 public:
  Task<Bytes> Unary(const Method& method, Bytes request) override {
    return way.Unary(method, std::move(request));
  }
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override {
    return Lines(std::string(method.path), std::move(requests));
  }
  FakeChannel way;
  Context streamed;

 private:
  Stream<Bytes> Lines(std::string path, Stream<Bytes> requests) {
    streamed = co_await CurrentContext();
    way.calls += path == "/chains.v1.Platform/Logs" ? 1 : 0;
    co_await requests.Next();
    for (const char* text : {"one", "two"}) {
      v1::LogLine line;
      line.set_message(text);
      co_yield Bytes(line.SerializeAsString());
    }
  }
};

class UiHostTest : public ::testing::Test {
 protected:
  void Open(std::optional<ApiKeys> keys, bool has_platform = true) {
    std::vector<std::unique_ptr<Target>> targets;
    const Route route{.chain = "all", .kind = Route::Kind::kEnvironment, .name = "production"};
    const Target::Contract contract{.descriptors = json::FilesOf(*everything::All::descriptor()),
                                    .entrypoint = "everything.Everything"};
    targets.push_back(*Target::Create(route, chain_, contract));
    GatewayOptions options;
    options.keys = std::move(keys);
    options.cors = *Cors::Create({"https://friend.example"});
    gateway_ = *Gateway::Create(loop_, std::move(targets), std::move(options));
    gateway_->Host({.assets = &assets_, .platform = has_platform ? &platform_ : nullptr});
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), *gateway_, HttpOptions());
    address_ = *server_->Listen("127.0.0.1:0");
  }
  // With `admin`, who may manage, and `caller`, who may not.
  void OpenWithKeys() {
    google::protobuf::RepeatedPtrField<v1::KnownKey> known;
    for (const char* key : {"admin", "caller"}) {
      std::string hash(32, '\0');
      EVP_Digest(key, strlen(key), reinterpret_cast<unsigned char*>(hash.data()), nullptr,
                 EVP_sha256(), nullptr);
      v1::KnownKey& added = *known.Add();
      added.set_sha256(hash);
      added.set_name(Text("the ", key));
      added.set_invoke(true);
      added.set_manage(std::string_view(key) == "admin");
    }
    Open(*ApiKeys::From(known));
  }
  // On a connection of its own: some answers end it.
  std::string Say(std::string_view request) {
    TestClient client(address_);
    client.Send(request);
    loop_.Settle();
    return client.Receive();
  }
  std::string Ask(std::string_view method, std::string_view target, std::string_view headers,
                  std::string_view body = "") {
    const std::string length = body.empty() ? "" : Text("Content-Length: ", body.size(), "\r\n");
    return Say(Text(method, " ", target, " HTTP/1.1\r\nHost: 127.0.0.1\r\n", headers, length,
                    "\r\n", body));
  }
  std::string Get(std::string_view target, std::string_view headers = "") {
    return Ask("GET", target, headers);
  }
  std::string Post(std::string_view target, std::string_view body,
                   std::string_view headers = kPage) {
    return Ask("POST", target, headers, body.empty() ? "{}" : body);
  }
  // Signs in, and answers the headers of who is in.
  std::string SignedIn(std::string_view key) {
    const std::string answer = Post("/ui/login", Text(R"({"key": ")", key, R"("})"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 204"));
    const size_t at = answer.find("Set-Cookie: ") + strlen("Set-Cookie: ");
    return Text(kPage, "Cookie: ", answer.substr(at, answer.find(';', at) - at), "\r\n");
  }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  const UiAssets assets_{kAssets};
  FakeChannel chain_;
  FakePlatformChannel platform_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;
};

TEST_F(UiHostTest, LeadsBrowsersToThePageAndTellsProgramsWhatItDid) {
  OpenWithKeys();
  EXPECT_THAT(Get("/", "Accept: text/html,*/*;q=0.8\r\n"),
              AllOf(StartsWith("HTTP/1.1 302"), HasSubstr("Location: /ui/\r\n")));
  EXPECT_THAT(Get("/", "Accept: */*\r\n"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(Get("/ui"), AllOf(StartsWith("HTTP/1.1 308"), HasSubstr("Location: /ui/\r\n")));
}

TEST_F(UiHostTest, ServesThePageToWhoeverAsksAndTellsBrowsersToTrustNothingElse) {
  OpenWithKeys();
  EXPECT_THAT(Get("/ui/"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Type: text/html"),
                    HasSubstr("default-src 'none'; script-src 'self'; style-src 'self';"),
                    HasSubstr("frame-ancestors 'none'"), HasSubstr("X-Frame-Options: DENY"),
                    HasSubstr("X-Content-Type-Options: nosniff"), Not(HasSubstr("unsafe")),
                    HasSubstr("Cache-Control: no-cache"), HasSubstr("ETag: \"d2\""),
                    HasSubstr("\r\n\r\n<html>")));
  EXPECT_THAT(Get("/ui/", "If-None-Match: \"d2\"\r\n"),
              AllOf(StartsWith("HTTP/1.1 304"), Not(HasSubstr("<html>"))));
  EXPECT_THAT(Get("/ui/../gateway"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Post("/ui/", ""), StartsWith("HTTP/1.1 405"));
}

TEST_F(UiHostTest, FilesGoOutAsSmallAsTheClientTakesThem) {
  OpenWithKeys();
  EXPECT_THAT(Get("/ui/assets/a-1.js", "Accept-Encoding: gzip, br\r\n"),
              AllOf(HasSubstr("Content-Encoding: br"), HasSubstr("max-age=31536000, immutable"),
                    HasSubstr("ETag: \"d1-br\""), HasSubstr("Vary: Accept-Encoding"),
                    HasSubstr("\r\n\r\nbrotli")));
  EXPECT_THAT(Get("/ui/assets/a-1.js", "Accept-Encoding: gzip\r\n"), HasSubstr("\r\n\r\nzipped"));
  EXPECT_THAT(Get("/ui/assets/a-1.js"),
              AllOf(Not(HasSubstr("Content-Encoding")), HasSubstr("\r\n\r\nplain script")));
}

TEST_F(UiHostTest, AKeyBecomesACookieThatScriptsCannotRead) {
  OpenWithKeys();
  EXPECT_THAT(Post("/ui/login", R"({"key": "admin"})"),
              AllOf(StartsWith("HTTP/1.1 204"), HasSubstr("Set-Cookie: chains_key="),
                    HasSubstr("; HttpOnly; SameSite=Strict"), HasSubstr("Cache-Control: no-store"),
                    Not(HasSubstr("Access-Control"))));
  const std::string in = SignedIn("admin");
  EXPECT_THAT(
      Get("/ui/session", in),
      HasSubstr(
          R"({"name":"the admin","scopes":["invoke","manage"],"platform":true,"open":false,"expires_unix_ms":"0"})"));
  EXPECT_THAT(Get("/ui/session", kPage), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(Post("/ui/logout", "", in), HasSubstr("Set-Cookie: chains_key=; Path=/; Max-Age=0"));
}

TEST_F(UiHostTest, WrongKeysAreRefusedAndAfterManyEverybodyWaits) {
  OpenWithKeys();
  for (int i = 0; i < 30; ++i) {
    ASSERT_THAT(Post("/ui/login", R"({"key": "wrong"})"), StartsWith("HTTP/1.1 401"));
  }
  EXPECT_THAT(Post("/ui/login", R"({"key": "admin"})"),
              AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("Retry-After: 1")));
  loop_.Advance(absl::Seconds(1));
  EXPECT_THAT(Post("/ui/login", R"({"key": "admin"})"), StartsWith("HTTP/1.1 204"));
  for (const char* body : {"", "{}", "[]", R"({"key": 7})", R"({"key": "a\nb"})"}) {
    EXPECT_THAT(Post("/ui/login", body), StartsWith("HTTP/1.1 4")) << body;
  }
}

TEST_F(UiHostTest, ACookieCountsForThePageAlone) {
  OpenWithKeys();
  const std::string in = SignedIn("admin");
  const std::string cookie = in.substr(in.find("Cookie: "));
  const std::string path = "/production/get_http_status";
  chain_.answer = [](auto, auto&) -> absl::StatusOr<std::string> { return ""; };
  EXPECT_THAT(Post(path, R"({"text": "x"})", in), StartsWith("HTTP/1.1 200"));
  // A form or script elsewhere, with the cookie that the browser sends along.
  EXPECT_THAT(Post(path, R"({"text": "x"})", cookie), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(Post("/ui/api/Promote", "", Text(cookie, "Origin: https://evil.example\r\n")),
              StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(Post("/ui/api/Promote", "",
                   Text(cookie, "Chains-UI: 1\r\nOrigin: https://friend.example\r\n")),
              AllOf(StartsWith("HTTP/1.1 403"), Not(HasSubstr("Access-Control"))));
  EXPECT_THAT(Post("/ui/login", R"({"key": "admin"})", "Origin: https://evil.example\r\n"),
              StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(Ask("OPTIONS", "/ui/api/Promote",
                  "Origin: https://friend.example\r\nAccess-Control-Request-Method: POST\r\n"),
              AllOf(Not(StartsWith("HTTP/1.1 2")), Not(HasSubstr("Access-Control-Allow"))));
  EXPECT_EQ(platform_.way.calls, 0);
}

TEST_F(UiHostTest, ThePlatformIsCalledWithTheUsersOwnKey) {
  OpenWithKeys();
  platform_.way.answer = [](std::string_view path,
                            const std::string& request) -> absl::StatusOr<std::string> {
    EXPECT_EQ(path, "/chains.v1.Platform/List");
    v1::ListRequest asked;
    EXPECT_TRUE(asked.ParseFromString(request));
    EXPECT_EQ(asked.chain(), "hello");
    v1::ListResponse reply;
    reply.add_deployments()->set_created_unix_ms(7);
    return reply.SerializeAsString();
  };
  const std::string in = SignedIn("admin");
  for (const char* name : {"List", "list"}) {
    EXPECT_THAT(Post(Text("/ui/api/", name), R"({"chain": "hello"})", in),
                AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(R"("created_unix_ms":"7")"),
                      HasSubstr(R"("state":"DEPLOYMENT_DEPLOYING")"),
                      HasSubstr("Cache-Control: no-store")));
  }
  EXPECT_EQ(platform_.way.last_context.Header("authorization"), "Api-Key admin");
  EXPECT_THAT(Get("/metrics"), HasSubstr(R"(deployment="ui",method="list")"));
}

TEST_F(UiHostTest, NothingIsRequiredOfTheRequestAndFailuresAreTheAnswersOfThePlatform) {
  OpenWithKeys();
  platform_.way.answer = [](auto, auto&) {
    return absl::FailedPreconditionError("it would break callers");
  };
  EXPECT_THAT(
      Post("/ui/api/Promote", "", SignedIn("admin")),
      AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("it would break callers"), HasSubstr("nosniff")));
}

TEST_F(UiHostTest, StreamsGoOnAsTheyCome) {
  OpenWithKeys();
  const std::string in = Text(SignedIn("admin"), "Accept: application/x-ndjson\r\n");
  EXPECT_THAT(Post("/ui/api/Logs", R"({"follow": true})", in),
              AllOf(HasSubstr("application/x-ndjson"), HasSubstr(R"("message":"one")"),
                    HasSubstr(R"("message":"two")")));
  EXPECT_EQ(platform_.streamed.Header("authorization"), "Api-Key admin");
}

TEST_F(UiHostTest, WhoMayNotManageReachesNoPlatform) {
  OpenWithKeys();
  EXPECT_THAT(Post("/ui/api/List", "", SignedIn("caller")), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(Post("/ui/api/List", ""), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(Post("/ui/api/List", "", Text(kPage, "Authorization: Api-Key nobodys\r\n")),
              StartsWith("HTTP/1.1 401"));
  const std::string in = SignedIn("admin");
  for (const char* name : {"Upload", "find_missing", "Nothing", "", "../session"}) {
    EXPECT_THAT(Post(Text("/ui/api/", name), "", in), StartsWith("HTTP/1.1 404")) << name;
  }
  EXPECT_THAT(Get("/ui/api/List", in), StartsWith("HTTP/1.1 405"));
  EXPECT_EQ(platform_.way.calls, 0);
}

TEST_F(UiHostTest, ALargeBodyIsNotReadAndNeitherIsThatOfAStranger) {
  OpenWithKeys();
  const std::string in = SignedIn("admin");
  EXPECT_THAT(Ask("POST", "/ui/api/List", Text(in, "Content-Length: 2000000\r\n")),
              StartsWith("HTTP/1.1 413"));
}

TEST_F(UiHostTest, WhereNobodyIsAskedForAKeyThePageIsInAndOtherPagesAreNot) {
  Open(std::nullopt);
  platform_.way.answer = [](auto, auto&) -> absl::StatusOr<std::string> { return ""; };
  EXPECT_THAT(Get("/ui/session", kPage), HasSubstr(R"("platform":true,"open":true)"));
  EXPECT_THAT(Post("/ui/api/List", ""), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(
      Post("/ui/api/List", "", "Content-Type: text/plain\r\nOrigin: https://evil.example\r\n"),
      StartsWith("HTTP/1.1 403"));
  // A name that its owner had lead here (DNS rebinding): to the browser it is the same origin.
  EXPECT_THAT(Say("POST /ui/api/List HTTP/1.1\r\nHost: evil.example\r\nChains-UI: 1\r\nOrigin: "
                  "http://evil.example\r\n"
                  "Content-Length: 2\r\n\r\n{}"),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("IP address")));
}

TEST_F(UiHostTest, AGatewayOfRoutesAloneSaysThatItHasNoPlatform) {
  Open(std::nullopt, /*has_platform=*/false);
  EXPECT_THAT(Get("/ui/session", kPage), HasSubstr(R"("platform":false)"));
  EXPECT_THAT(Post("/ui/api/List", ""), StartsWith("HTTP/1.1 404"));
}

}  // namespace
}  // namespace chains::gateway
