#include "deploy/bundle/fetch.h"

#include <atomic>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "tests/deploy/bundle/temporary_folder.h"
#include "tests/deploy/load/scripted_server.h"

namespace chains::deploy {
namespace {

using load::ScriptedServer;
using ::testing::HasSubstr;
using Reply = ScriptedServer::Reply;

constexpr char kContent[] = "the weights of a small model";

class FetchTest : public ::testing::Test {
 protected:
  FetchTest() {
    ::setenv("no_proxy", "127.0.0.1", 1);
    store_ = BlobStore::Open(folder_ / "store").value();
  }

  // What answers each request, by its number and text.
  void Serve(std::function<Reply(int, const std::string&)> script) {
    server_ = std::make_unique<ScriptedServer>(
        [this, script = std::move(script)](int number, const std::string& request) {
          ++requests_;
          return script(number, request);
        },
        ScriptedServer::Place::kPort);
  }
  std::string UrlOf(const std::string& path) const {
    return Text("http://", server_->address(), path);
  }
  absl::StatusOr<uint64_t> FetchFrom(const std::string& url, const std::string& content = kContent,
                                     std::stop_token stop = {}) {
    FetchOptions options{.url = url, .sha256 = Sha256Of(content)};
    options.stall = stall_;
    options.max_bytes = 1000;
    return Fetch(*store_, options, progress_, stop);
  }
  bool IsThere(const std::string& content = kContent) const {
    return store_->Has(Sha256Of(content));
  }
  // Nothing half-written is left.
  bool IsClean() const { return std::filesystem::is_empty(folder_ / "store/tmp"); }

  static Reply Redirect(const std::string& to) {
    return {.bytes = Text("HTTP/1.1 302 Found\r\nLocation: ", to, "\r\nContent-Length: 0\r\n\r\n")};
  }
  static Reply Says(const std::string& status) {
    return {.bytes = Text("HTTP/1.1 ", status, "\r\nContent-Length: 5\r\n\r\nsorry")};
  }
  // The first bytes of what was announced; then the connection ends, or waits.
  static Reply Part(const std::string& part, size_t whole, bool close = true) {
    return {.bytes = Text("HTTP/1.1 200 OK\r\nContent-Length: ", whole, "\r\n\r\n", part),
            .close = close};
  }

  const TemporaryFolder folder_{TemporaryFolder::InMemory()};
  std::unique_ptr<BlobStore> store_;
  std::atomic<int> requests_ = 0;
  std::unique_ptr<ScriptedServer> server_;
  absl::Duration stall_ = absl::Seconds(30);
  FetchProgress progress_;
};

TEST_F(FetchTest, BringsAFileOnce) {
  Serve([](int, const std::string&) { return ScriptedServer::Ok(kContent); });
  EXPECT_EQ(FetchFrom(UrlOf("/w")).value(), sizeof(kContent) - 1);
  EXPECT_TRUE(IsThere());
  EXPECT_EQ(progress_.bytes, sizeof(kContent) - 1);
  EXPECT_EQ(progress_.total, sizeof(kContent) - 1);
  EXPECT_EQ(FetchFrom(UrlOf("/w")).value(), sizeof(kContent) - 1);
  EXPECT_EQ(requests_, 1);
}

TEST_F(FetchTest, BringsAFileWhoseLengthNobodySays) {
  Serve([](int, const std::string&) {
    return Reply{.bytes = Text("HTTP/1.1 200 OK\r\n\r\n", kContent), .close = true};
  });
  EXPECT_EQ(FetchFrom(UrlOf("/w")).value(), sizeof(kContent) - 1);
  EXPECT_TRUE(IsThere());
}

TEST_F(FetchTest, BringsAnEmptyFile) {
  Serve([](int, const std::string&) { return ScriptedServer::Ok(""); });
  EXPECT_EQ(FetchFrom(UrlOf("/w"), "").value(), 0);
  EXPECT_TRUE(IsThere(""));
}

TEST_F(FetchTest, AnotherFileIsRefused) {
  Serve([](int, const std::string&) { return ScriptedServer::Ok("somebody else's"); });
  const absl::Status status = FetchFrom(UrlOf("/w")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(ToStd(status.message()), HasSubstr(UrlOf("/w")));
  EXPECT_THAT(ToStd(status.message()), HasSubstr(Hex(Sha256Of("somebody else's"))));
  EXPECT_FALSE(IsThere());
  EXPECT_TRUE(IsClean());
}

TEST_F(FetchTest, WhatHttpSaysIsPassedOn) {
  Serve([](int, const std::string& request) {
    if (request.find("GET /gone ") == 0) return Says("404 Not Found");
    if (request.find("GET /locked ") == 0) return Says("403 Forbidden");
    return Says("503 Service Unavailable");
  });
  EXPECT_TRUE(absl::IsNotFound(FetchFrom(UrlOf("/gone")).status()));
  const absl::Status locked = FetchFrom(UrlOf("/locked")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(locked)) << locked;
  EXPECT_THAT(ToStd(locked.message()), HasSubstr("HTTP 403"));
  EXPECT_TRUE(absl::IsUnavailable(FetchFrom(UrlOf("/busy")).status()));
  EXPECT_EQ(requests_, 3);
  EXPECT_TRUE(IsClean());
}

TEST_F(FetchTest, WhatIsCutOffGoesOnWhereItWas) {
  const std::string content = kContent;
  Serve([content](int number, const std::string& request) {
    if (number == 0) return Part(content.substr(0, 10), content.size());
    EXPECT_THAT(request, HasSubstr("Range: bytes=10-\r\n"));
    return Reply{.bytes = Text("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 10-",
                               content.size() - 1, "/", content.size(), "\r\nContent-Length: ",
                               content.size() - 10, "\r\n\r\n", content.substr(10))};
  });
  EXPECT_EQ(FetchFrom(UrlOf("/w")).value(), content.size());
  EXPECT_EQ(requests_, 2);
}

TEST_F(FetchTest, WhatIsCutOffBeginsAgainWhereTheRestCannotBeHadAlone) {
  const std::string content = kContent;
  Serve([content](int number, const std::string&) {
    return number == 0 ? Part(content.substr(0, 10), content.size()) : ScriptedServer::Ok(content);
  });
  EXPECT_EQ(FetchFrom(UrlOf("/w")).value(), content.size());
  EXPECT_EQ(requests_, 3);  // the part, the rest in vain, the whole
}

TEST_F(FetchTest, WhatIsCutOffAgainAndAgainIsGivenUp) {
  Serve([](int, const std::string&) { return Part("half", 100); });
  const absl::Status status = FetchFrom(UrlOf("/w")).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_LE(requests_, 7);
  EXPECT_TRUE(IsClean());
}

TEST_F(FetchTest, WhatStallsIsGivenUp) {
  stall_ = absl::Seconds(1);
  Serve([](int number, const std::string&) {
    return number == 0 ? Part("half", 100, /*close=*/false) : Reply{};
  });
  const absl::Status status = FetchFrom(UrlOf("/w")).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_TRUE(IsClean());
}

TEST_F(FetchTest, FollowsRedirectsToHttpAlone) {
  const std::string local = folder_.Write("local", kContent);
  Serve([&](int, const std::string& request) {
    if (request.find("GET /moved ") == 0) return Redirect("/w");
    if (request.find("GET /trap ") == 0) return Redirect(Text("file://", local));
    if (request.find("GET /round ") == 0) return Redirect("/round");
    return ScriptedServer::Ok(kContent);
  });
  const absl::Status trapped = FetchFrom(UrlOf("/trap")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(trapped)) << trapped;
  EXPECT_FALSE(IsThere());
  const absl::Status round = FetchFrom(UrlOf("/round")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(round)) << round;
  EXPECT_EQ(FetchFrom(UrlOf("/moved")).value(), sizeof(kContent) - 1);
}

TEST_F(FetchTest, WhatIsTooLargeIsRefusedWhetherItIsAnnouncedOrNot) {
  const std::string large(2000, 'x');
  Serve([&](int, const std::string& request) {
    if (request.find("GET /announced ") == 0) return ScriptedServer::Ok(large);
    return Reply{.bytes = Text("HTTP/1.1 200 OK\r\n\r\n", large), .close = true};
  });
  for (const char* path : {"/announced", "/silent"}) {
    const absl::Status status = FetchFrom(UrlOf(path), large).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(ToStd(status.message()), HasSubstr("larger than 1000 bytes"));
  }
  const std::string local = folder_.Write("large", large);
  EXPECT_TRUE(absl::IsFailedPrecondition(FetchFrom(Text("file://", local), large).status()));
  EXPECT_FALSE(IsThere(large));
  EXPECT_TRUE(IsClean());
}

TEST_F(FetchTest, StopsWhenItIsAsked) {
  std::stop_source stop;
  Serve([&](int, const std::string&) {
    stop.request_stop();
    return Part("half", 100, /*close=*/false);
  });
  EXPECT_TRUE(absl::IsCancelled(FetchFrom(UrlOf("/w"), kContent, stop.get_token()).status()));
  EXPECT_TRUE(IsClean());
}

TEST_F(FetchTest, NobodyThereIsSaid) {
  Serve([](int, const std::string&) { return Reply{}; });
  const std::string url = UrlOf("/w");
  server_.reset();
  const absl::Status status = FetchFrom(url).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(ToStd(status.message()), HasSubstr(url));
}

TEST_F(FetchTest, TakesFilesOfThisMachine) {
  const std::string path = folder_.Write("my weights", kContent);
  const std::string url = Text("file://", folder_.path(), "/my%20weights");
  EXPECT_EQ(FetchFrom(url).value(), sizeof(kContent) - 1);
  EXPECT_TRUE(IsThere());
}

TEST_F(FetchTest, WhatIsNoFileIsNotWaitedFor) {
  const std::string pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(FetchFrom(Text("file://", pipe)).status()));
  EXPECT_TRUE(absl::IsNotFound(FetchFrom(Text("file://", folder_ / "nothing")).status()));
}

TEST_F(FetchTest, OtherSchemesAreRefused) {
  for (const char* url : {"ftp://127.0.0.1/w", "hf://org/model", "://w", "file://example.com/w"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(FetchFrom(url).status())) << url;
  }
}

}  // namespace
}  // namespace chains::deploy
