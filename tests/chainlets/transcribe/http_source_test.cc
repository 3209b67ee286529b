#include "fetch/http_source.h"

#include <atomic>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "file_server.h"

namespace transcribe {
namespace {

using ::testing::HasSubstr;
using Request = FileServer::Request;
using Answer = FileServer::Answer;

FetchSettings Settings() {
  FetchSettings settings;
  settings.allowed = Networks::Parse("127.0.0.0/8").value();
  settings.stall = absl::Seconds(1);
  return settings;
}

std::string Noise(size_t size) {
  std::mt19937 random(5);
  std::string bytes(size, 0);
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

absl::StatusOr<OpenedFile> Open(const std::string& url, FetchSettings settings = Settings(),
                                uint64_t max_bytes = 10'000'000, std::stop_token stop = {}) {
  HttpClient client(settings, stop);
  return OpenRemote(client, url, settings, max_bytes, stop);
}

absl::StatusOr<std::string> ReadAll(MediaSource& source, uint64_t from = 0) {
  std::string all;
  std::string block(32'768, 0);
  while (true) {
    const absl::StatusOr<size_t> count = source.ReadAt(from + all.size(), block);
    if (!count.ok()) return count.status();
    if (*count == 0) return all;
    all.append(block, 0, *count);
  }
}

absl::StatusOr<std::string> Fetch(const std::string& url) {
  absl::StatusOr<OpenedFile> opened = Open(url);
  if (!opened.ok()) return opened.status();
  if (opened->whole.has_value()) return ReadAll(*opened->whole);
  HttpSource source(opened->file, Settings(), {});
  source.AddKnown(0, opened->head);
  return ReadAll(source);
}

absl::Status FailureOf(FileServer::Handler handler) {
  const FileServer server(std::move(handler));
  return Fetch(server.Url()).status();
}

TEST(HttpSourceTest, FetchesEachByteOnce) {
  for (size_t size : {1, 65'535, 65'536, 65'537, 3'000'000}) {
    const std::string file = Noise(size);
    std::atomic<uint64_t> served = 0;
    const FileServer server([&](const Request& request) { return Ranges(file, request, &served); });
    EXPECT_EQ(Fetch(server.Url()).value(), file);
    EXPECT_EQ(served, size);
    EXPECT_LE(server.connections(), 2);  // one to open it, one to read it
  }
}

TEST(HttpSourceTest, FetchesNothingThatIsKnown) {
  const std::string file = Noise(500'000);
  std::atomic<uint64_t> served = 0;
  const FileServer server([&](const Request& request) { return Ranges(file, request, &served); });
  HttpSource source({.url = server.Url(), .size = file.size(), .version = "\"1\""}, Settings(), {});
  source.AddKnown(0, std::string_view(file).substr(0, 100'000));
  source.AddKnown(150'000, std::string_view(file).substr(150'000, 300'000));
  EXPECT_EQ(ReadAll(source).value(), file);
  EXPECT_EQ(served, 100'000);
}

TEST(HttpSourceTest, ReadsLittleWhereItJumps) {
  const std::string file = Noise(5'000'000);
  std::atomic<uint64_t> served = 0;
  const FileServer server([&](const Request& request) { return Ranges(file, request, &served); });
  HttpSource source({.url = server.Url(), .size = file.size(), .version = "\"1\""}, Settings(), {});
  std::string to(10, 0);
  for (uint64_t offset : {4'000'000, 2'000'000, 1'000'000}) {
    EXPECT_EQ(source.ReadAt(offset, to).value(), 10);
    EXPECT_EQ(to, file.substr(offset, 10));
  }
  EXPECT_EQ(served, 3 * 65'536);
  EXPECT_EQ(source.TakeRead().size(), 3);
}

TEST(HttpSourceTest, ReadsAServerWithoutRangesOnce) {
  const std::string file = Noise(300'000);
  std::atomic<uint64_t> served = 0;
  const FileServer server([&](const Request&) { return Whole(file, &served); });
  EXPECT_EQ(Fetch(server.Url()).value(), file);
  EXPECT_EQ(server.requests(), 1);
  EXPECT_EQ(served, file.size());
}

TEST(HttpSourceTest, AnEmptyFileIsEmpty) {
  const FileServer ranges([](const Request& request) { return Ranges("", request); });
  EXPECT_EQ(Open(ranges.Url())->file.size, 0);
  const FileServer whole([](const Request&) { return Whole(""); });
  EXPECT_EQ(Open(whole.Url())->file.size, 0);
}

TEST(HttpSourceTest, FollowsRedirectsUpToABound) {
  const std::string file = Noise(1000);
  const FileServer server([&](const Request& request) {
    if (request.path == "/media") return Redirect("/a/b?x=1");
    if (request.path == "/a/b?x=1") return Redirect("../c");
    return request.path == "/c" ? Ranges(file, request) : Redirect("/for/ever");
  });
  EXPECT_EQ(Open(server.Url())->file.url, server.Url("/c"));
  EXPECT_EQ(Fetch(server.Url()).value(), file);
  EXPECT_THAT(std::string(Fetch(server.Url("/x")).status().message()), HasSubstr("5 redirects"));
  EXPECT_EQ(Fetch(server.Url("/x")).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(HttpSourceTest, RefusesAddressesThatAreNotAllowed) {
  const FileServer server([](const Request& request) { return Ranges("abc", request); });
  FetchSettings settings = Settings();
  settings.allowed = Networks();
  const absl::Status status = Open(server.Url(), settings).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1"));
  EXPECT_EQ(server.connections(), 0);
  const std::string port = server.Url("").substr(std::string("http://127.0.0.1:").size());
  for (const char* host : {"localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "0.0.0.0",
                           "[::ffff:127.0.0.1]", "user:password@127.0.0.1"}) {
    const absl::Status again =
        Open(absl::StrCat("http://", host, ":", port, "/"), settings).status();
    EXPECT_EQ(again.code(), absl::StatusCode::kPermissionDenied) << host << ": " << again;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpSourceTest, RefusesARedirectToAnAddressThatIsNotAllowed) {
  const FileServer secret([](const Request& request) { return Ranges("secret", request); });
  const std::string port = secret.Url("").substr(std::string("http://127.0.0.1:").size());
  const FileServer server(
      [&](const Request&) { return Redirect(absl::StrCat("http://127.0.0.2:", port, "/")); });
  FetchSettings settings = Settings();
  settings.allowed = Networks::Parse("127.0.0.1").value();
  EXPECT_EQ(Open(server.Url(), settings).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(secret.connections(), 0);
}

TEST(HttpSourceTest, RefusesWhatIsNoUrlOfTheWeb) {
  for (const char* url :
       {"", "speech.wav", "/etc/passwd", "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/",
        "concat:http://x/|file:///etc/passwd", "http://", "https://", "hls+http://x/",
        "http://ho st/", "javascript:alert(1)"}) {
    EXPECT_EQ(Open(url).status().code(), absl::StatusCode::kInvalidArgument) << url;
  }
  EXPECT_EQ(Open(std::string("http://127.0.0.1\0.com/", 22)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Open("http://127.0.0.1/" + std::string(10'000, 'a')).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(HttpSourceTest, RefusesRedirectsToWhatIsNoUrlOfTheWeb) {
  for (const char* location :
       {"file:///etc/passwd", "ftp://127.0.0.1/x", "dict://127.0.0.1/", ""}) {
    EXPECT_EQ(FailureOf([&](const Request&) { return Redirect(location); }).code(),
              absl::StatusCode::kInvalidArgument)
        << location;
  }
  EXPECT_EQ(FollowRedirect("https://a.example/x", "http://a.example/x").status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(FollowRedirect("https://a.example/x/y", "z").value(), "https://a.example/x/z");
  EXPECT_EQ(FollowRedirect("http://a.example/x", "//b.example/").value(), "http://b.example/");
}

TEST(HttpSourceTest, SaysWhatTheServerSays) {
  EXPECT_EQ(FailureOf([](const Request&) { return Status(404); }),
            absl::NotFoundError("media_url: the server answers 404"));
  EXPECT_EQ(FailureOf([](const Request&) { return Status(403); }).code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(FailureOf([](const Request&) { return Status(500); }).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(FailureOf([](const Request&) { return Status(204); }).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(HttpSourceTest, RefusesAFileThatIsTooLarge) {
  const std::string file = Noise(2000);
  const FileServer ranges([&](const Request& request) { return Ranges(file, request); });
  EXPECT_EQ(Open(ranges.Url(), Settings(), 1999).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Open(ranges.Url(), Settings(), 2000).ok());
  const FileServer whole([&](const Request&) { return Whole(file); });
  EXPECT_EQ(Open(whole.Url(), Settings(), 1999).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Open(whole.Url(), Settings(), 2000).ok());
  // Without end, and without saying so.
  const FileServer endless([&](const Request&) {
    return Answer{"HTTP/1.1 200 OK\r\n\r\n" + file, Answer::Then::kClose};
  });
  EXPECT_EQ(Open(endless.Url(), Settings(), 1999).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(HttpSourceTest, TriesAgainWhatFailsForTheTimeBeing) {
  const std::string file = Noise(200'000);
  const FileServer server([&](const Request& request) {
    return request.number % 2 == 1 ? Status(503) : Ranges(file, request);
  });
  EXPECT_EQ(Fetch(server.Url()).value(), file);
}

TEST(HttpSourceTest, GoesOnWhereTheServerBrokeOff) {
  const std::string file = Noise(400'000);
  std::atomic<uint64_t> served = 0;
  const FileServer server([&](const Request& request) {
    Answer answer = Ranges(file, request);
    if (request.number % 2 == 0) {
      answer.bytes.resize(answer.bytes.size() / 2);
      answer.then = Answer::Then::kClose;
    }
    served += answer.bytes.size();
    return answer;
  });
  EXPECT_EQ(Fetch(server.Url()).value(), file);
  EXPECT_LT(served, file.size() * 11 / 10);
}

TEST(HttpSourceTest, GivesUpOnAServerThatAlwaysBreaksOff) {
  EXPECT_EQ(FailureOf([](const Request&) {
              return Answer{"HTTP/1.1 206 Partial", Answer::Then::kClose};
            }).code(),
            absl::StatusCode::kUnavailable);
  const std::string file = Noise(400'000);
  EXPECT_EQ(FailureOf([&](const Request& request) {
              Answer answer = Ranges(file, request);
              if (request.number > 1) {  // a byte at a time
                answer.bytes.resize(answer.bytes.find("\r\n\r\n") + 5);
                answer.then = Answer::Then::kClose;
              }
              return answer;
            }).code(),
            absl::StatusCode::kUnavailable);
}

TEST(HttpSourceTest, DoesNotBelieveAServerThatContradictsItself) {
  const std::string file = Noise(300'000);
  const auto lies = [&](const std::string& range, size_t bytes) {
    return FailureOf([&, range, bytes](const Request& request) {
      if (request.number == 1) return Ranges(file, request);
      return Answer{absl::StrCat("HTTP/1.1 206 P\r\nETag: \"1\"\r\nContent-Range: ", range,
                                 "\r\nContent-Length: ", bytes, "\r\n\r\n", file.substr(0, bytes))};
    });
  };
  EXPECT_EQ(lies("bytes 65536-131071/400000", 65'536).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(lies("bytes 0-65535/300000", 65'536).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(lies("nonsense", 65'536).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(lies("bytes 65536-131071/300000", 200'000).message()),
              HasSubstr("more than was asked for"));
}

TEST(HttpSourceTest, NoticesThatTheFileChanged) {
  const std::string file = Noise(300'000);
  EXPECT_EQ(FailureOf([&](const Request& request) {
              return Ranges(file, request, nullptr, absl::StrCat("\"", request.number, "\""));
            }).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(FailureOf([&](const Request& request) {
              return request.number == 1 ? Ranges(file, request) : Whole(file);
            }).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(HttpSourceTest, DoesNotWaitForAServerThatStalls) {
  const std::string file = Noise(300'000);
  EXPECT_EQ(FailureOf([&](const Request& request) {
              Answer answer = Ranges(file, request);
              answer.bytes.resize(answer.bytes.size() / 2);
              answer.then = Answer::Then::kHold;
              return answer;
            }).code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST(HttpSourceTest, StopsWhenItIsTold) {
  std::stop_source stop;
  const FileServer server([&](const Request&) {
    stop.request_stop();
    return Answer{"", Answer::Then::kHold};
  });
  FetchSettings settings = Settings();
  settings.stall = absl::Minutes(5);
  EXPECT_EQ(Open(server.Url(), settings, 1000, stop.get_token()).status().code(),
            absl::StatusCode::kCancelled);
}

TEST(HttpSourceTest, ReadsNoHeadersWithoutEnd) {
  EXPECT_EQ(FailureOf([](const Request&) {
              std::string head = "HTTP/1.1 206 P\r\n";
              for (int i = 0; i < 2000; ++i)
                absl::StrAppend(&head, "X-", i, ": ", std::string(50, 'x'), "\r\n");
              return Answer{head + "\r\n", Answer::Then::kClose};
            }).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(HttpSourceTest, SaysThatNobodyIsThere) {
  std::string url;
  {
    const FileServer server([](const Request&) { return Status(500); });
    url = server.Url();
  }
  EXPECT_EQ(Open(url).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Open("http://no-such-host.invalid/").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace transcribe
