#include "gateway/app/file_call.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/app/media_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A chainlet that serves files, in parts of three bytes.
struct Files {
  std::map<std::string, std::string> data = {{"a/b c.txt", "0123456789"}, {"empty", ""}};
  std::string type = "text/plain";
  std::string name = "b \"c\".txt";
  std::string etag = "v1";
  std::string etag_later;  // from the second request on
  int64_t lies = 0;        // about the size
  std::vector<std::string> asked;

  static Stream<Bytes> Serve(Files& files, Stream<Bytes> requests) {
    const std::optional<Bytes> sent = co_await requests.Next();
    v1::FileRequest request;
    co_await sent->ParseInto(request);
    files.asked.push_back(request.ShortDebugString());
    const auto found = files.data.find(request.path());
    if (found == files.data.end()) co_await absl::NotFoundError("no such file");
    const std::string& data = found->second;
    v1::FilePart part;
    part.mutable_head()->set_content_type(files.type);
    part.mutable_head()->set_size(
        static_cast<uint64_t>(static_cast<int64_t>(data.size()) + files.lies));
    const bool later = files.asked.size() > 1 && !files.etag_later.empty();
    part.mutable_head()->set_etag(later ? files.etag_later : files.etag);
    part.mutable_head()->mutable_modified()->set_seconds(1764162000);
    part.mutable_head()->set_name(files.name);
    Bytes head = co_await Bytes::Serialize(part);
    co_yield std::move(head);
    if (request.head_only()) co_return;
    const size_t end =
        request.has_last() ? std::min(data.size(), size_t{request.last()} + 1) : data.size();
    for (size_t at = request.first(); at < end; at += 3) {
      v1::FilePart next;
      next.set_data(data.substr(at, std::min(size_t{3}, end - at)));
      Bytes bytes = co_await Bytes::Serialize(next);
      co_yield std::move(bytes);
    }
  }
};

class FileCallTest : public MediaTest {
 protected:
  FileCallTest() {
    channel_.stream = [this](const chains::Method&, Stream<Bytes> requests) {
      return Files::Serve(files_, std::move(requests));
    };
  }
  std::string Get(std::string_view path, std::string_view more = "",
                  std::string_view method = "GET") {
    return Ask(
        Text(method, " /production/download/", path, " HTTP/1.1\r\nHost: a\r\n", more, "\r\n"));
  }

  Files files_;
};

TEST_F(FileCallTest, ServesAFile) {
  const std::string answer = Get("a/b%20c.txt");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(BodyOf(answer), "0123456789");
  for (const char* header :
       {"Content-Type: text/plain\r\n", "Content-Length: 10\r\n", "Accept-Ranges: bytes\r\n",
        "ETag: \"v1\"\r\n", "Last-Modified: Wed, 26 Nov 2025 13:00:00 GMT\r\n",
        "Content-Disposition: attachment; filename=\"b _c_.txt\"; "
        "filename*=UTF-8''b%20%22c%22.txt\r\n"}) {
    EXPECT_THAT(answer, HasSubstr(header));
  }
  EXPECT_THAT(files_.asked, testing::ElementsAre(R"(path: "a/b c.txt")"));
  EXPECT_THAT(Get("empty"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Length: 0\r\n")));
}

TEST_F(FileCallTest, ServesParts) {
  EXPECT_THAT(Get("a/b%20c.txt", "Range: bytes=2-7\r\n"),
              AllOf(StartsWith("HTTP/1.1 206"), HasSubstr("Content-Range: bytes 2-7/10\r\n"),
                    HasSubstr("Content-Length: 6\r\n"), EndsWith("\r\n\r\n234567")));
  EXPECT_THAT(files_.asked, testing::ElementsAre(R"(path: "a/b c.txt" first: 2 last: 7)"));
  EXPECT_THAT(Get("a/b%20c.txt", "Range: bytes=8-\r\n"), EndsWith("\r\n\r\n89"));
  EXPECT_THAT(Get("a/b%20c.txt", "Range: bytes=8-100\r\n"), EndsWith("\r\n\r\n89"));
  EXPECT_THAT(Get("a/b%20c.txt", "Range: bytes=-3\r\n"),
              AllOf(HasSubstr("Content-Range: bytes 7-9/10\r\n"), EndsWith("\r\n\r\n789")));
  EXPECT_THAT(Get("a/b%20c.txt", "Range: bytes=1-2,4-5\r\n"), StartsWith("HTTP/1.1 200"));
}

// Opened in a browser it would else be a page of the gateway's own origin.
TEST_F(FileCallTest, AFileCannotActAsThePageDoes) {
  files_.data["a.html"] = "<script>fetch('/ui/api/List')</script>";
  files_.type = "text/html";
  files_.name = "";  // not to be saved, but shown
  for (const char* more : {"", "Range: bytes=0-7\r\n", "If-None-Match: \"v1\"\r\n"}) {
    EXPECT_THAT(Get("a.html", more), AllOf(HasSubstr("Content-Security-Policy: sandbox\r\n"),
                                           HasSubstr("X-Content-Type-Options: nosniff\r\n"),
                                           Not(HasSubstr("Content-Disposition"))))
        << more;
  }
}

TEST_F(FileCallTest, SaysWhereThereAreNoSuchBytes) {
  for (const char* range : {"bytes=10-", "bytes=-0", "bytes=100-200"}) {
    EXPECT_THAT(Get("a/b%20c.txt", Text("Range: ", range, "\r\n")),
                AllOf(StartsWith("HTTP/1.1 416"), HasSubstr("Content-Range: bytes */10\r\n")))
        << range;
  }
  EXPECT_THAT(Get("empty", "Range: bytes=0-\r\n"), StartsWith("HTTP/1.1 416"));
}

TEST_F(FileCallTest, AnswersHeadWithoutTheBytes) {
  const std::string answer = Get("a/b%20c.txt", "Range: bytes=2-3\r\n", "HEAD");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Length: 10\r\n"),
                            EndsWith("\r\n\r\n")));
  EXPECT_THAT(files_.asked, testing::ElementsAre(R"(path: "a/b c.txt" head_only: true)"));
}

TEST_F(FileCallTest, SendsNothingThatTheClientHas) {
  for (const char* more : {"If-None-Match: \"v1\"\r\n", "If-None-Match: \"v0\", W/\"v1\"\r\n",
                           "If-None-Match: *\r\nRange: bytes=-3\r\n"}) {
    EXPECT_THAT(Get("a/b%20c.txt", more),
                AllOf(StartsWith("HTTP/1.1 304"), HasSubstr("ETag: \"v1\""), EndsWith("\r\n\r\n")));
  }
  EXPECT_THAT(Get("a/b%20c.txt", "If-None-Match: \"v0\"\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(FileCallTest, ServesTheWholeWhereIfRangeMeansOtherBytes) {
  EXPECT_THAT(Get("a/b%20c.txt", "Range: bytes=2-3\r\nIf-Range: \"v1\"\r\n"),
              EndsWith("\r\n\r\n23"));
  EXPECT_THAT(Get("a/b%20c.txt", "Range: bytes=2-3\r\nIf-Range: \"v0\"\r\n"),
              AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\n0123456789")));
  EXPECT_THAT(Get("a/b%20c.txt", "Range: bytes=2-3\r\nIf-Range: Wed, 26 Nov 2025 13:00:00 GMT\r\n"),
              EndsWith("\r\n\r\n23"));
}

TEST_F(FileCallTest, JoinsNoBytesOfTwoVersions) {
  files_.etag_later = "v2";
  EXPECT_THAT(Get("a/b%20c.txt", "Range: bytes=-3\r\n"),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("changed")));
}

TEST_F(FileCallTest, BreaksOffAResponseThatWouldBeShortOrLong) {
  for (const int64_t lie : {5, -5}) {
    files_.lies = lie;
    const auto client = Connect();
    const std::string answer =
        Ask(*client, "GET /production/download/a/b%20c.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
    EXPECT_LT(BodyOf(answer).size(), static_cast<size_t>(10 + lie));
    EXPECT_TRUE(client->ended());
  }
}

TEST_F(FileCallTest, RefusesPathsThatClimb) {
  for (const char* path :
       {"..", "a/../b", "./a", "a//b", "a/", "%2e%2e/x", "a%2fb", "a%00", "%ff", "%"}) {
    EXPECT_THAT(Get(path), testing::AnyOf(StartsWith("HTTP/1.1 400"), StartsWith("HTTP/1.1 404")))
        << path;
  }
  EXPECT_THAT(files_.asked, testing::IsEmpty());
}

TEST_F(FileCallTest, PassesTheChainletsFailureOn) {
  EXPECT_THAT(Get("nothing"), AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("no such file")));
}

TEST_F(FileCallTest, KnowsFilesFromOtherMethods) {
  EXPECT_THAT(Ask("GET /production/say/a HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("say serves no files")));
  EXPECT_THAT(Ask(PostOf("/production/download/a", "text/plain", "x")), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(Get("a/b%20c.txt", "Accept-Encoding: gzip\r\n"), Not(HasSubstr("Content-Encoding")));
}

}  // namespace
}  // namespace chains::gateway
