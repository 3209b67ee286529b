#include "gateway/body/multipart.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr MultipartParser::Limits kLimits{.max_parts = 3, .max_head_bytes = 200};

// Every part of `body` as "name|file|type|data\n", and "end" or what is wrong.
std::string Transcript(std::string_view body, size_t piece, size_t* most_data = nullptr) {
  MultipartParser parser("b1", kLimits);
  std::string transcript;
  for (size_t at = 0;;) {
    switch (parser.Next()) {
      case MultipartParser::Event::kMore:
        if (at == body.size()) {
          parser.End();
        } else {
          parser.Feed(body.substr(at, piece));
          at += std::min(piece, body.size() - at);
        }
        break;
      case MultipartParser::Event::kPart:
        transcript += Text(parser.part().name, "|", parser.part().file_name.value_or("-"), "|",
                           parser.part().content_type, "|");
        break;
      case MultipartParser::Event::kData:
        transcript += parser.data();
        if (most_data != nullptr) *most_data = std::max(*most_data, parser.data().size());
        break;
      case MultipartParser::Event::kPartEnd:
        transcript += "\n";
        break;
      case MultipartParser::Event::kEnd:
        return transcript + "end";
      case MultipartParser::Event::kProblem:
        EXPECT_TRUE(absl::IsInvalidArgument(parser.problem()));
        EXPECT_EQ(parser.Next(), MultipartParser::Event::kProblem);
        return transcript + std::string(parser.problem().message());
    }
  }
}

// The same whole, in halves of lines and byte by byte.
std::string Parsed(std::string_view body) {
  const std::string whole = Transcript(body, body.size() + 1);
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{7}, size_t{30}}) {
    EXPECT_EQ(Transcript(body, piece), whole) << piece;
  }
  return whole;
}

std::string Part(std::string_view name, std::string_view data, std::string_view more = "") {
  return Text("--b1\r\nContent-Disposition: form-data; name=\"", name, "\"", more, "\r\n\r\n", data,
              "\r\n");
}
constexpr std::string_view kEnd = "--b1--\r\n";

TEST(Multipart, HasPartsInTheirOrder) {
  EXPECT_EQ(Parsed(Part("a", "1") + Part("b", "") +
                   Part("c", "x\r\ny", "; filename=\"C.wav\"\r\nContent-Type: Audio/WAV; rate=1") +
                   std::string(kEnd)),
            "a|-||1\nb|-||\nc|C.wav|audio/wav|x\r\ny\nend");
}

TEST(Multipart, TakesWhatIsAlmostABoundaryForData) {
  const std::string data = "--b1\r\r\n--b\r\n--\r\n\r\n-\r\n--c1\n--b1\r--b1";
  EXPECT_EQ(Parsed(Part("a", data) + std::string(kEnd)), Text("a|-||", data, "\nend"));
}

TEST(Multipart, LeavesOutBlanksAndTheLastLineEnd) {
  EXPECT_EQ(Parsed("\r\n--b1 \t\r\nContent-Disposition:form-data; name=a\r\n\r\n1\r\n--b1--"),
            "a|-||1\nend");
  EXPECT_EQ(Parsed("--b1--"), "end");
}

TEST(Multipart, RefusesABoundaryThatGoesOn) {
  EXPECT_THAT(Parsed(Part("a", "1\r\n--b12\r\n\r\nx") + std::string(kEnd)),
              HasSubstr("begins with the boundary, but goes on"));
  EXPECT_THAT(Parsed("--b1" + std::string(100, ' ')), HasSubstr("goes on"));
}

TEST(Multipart, RefusesTextAroundTheParts) {
  EXPECT_THAT(Parsed("preamble\r\n" + Part("a", "1") + std::string(kEnd)),
              HasSubstr("begins with its boundary, --b1"));
  EXPECT_THAT(Parsed(Part("a", "1") + std::string(kEnd) + Part("b", "2")),
              HasSubstr("something follows the last boundary"));
  EXPECT_THAT(Parsed(Part("a", "1") + "--b1--\r"), HasSubstr("something follows"));
  EXPECT_THAT(Parsed(Part("a", "1") + "--b1--x"), HasSubstr("something follows"));
}

TEST(Multipart, RefusesABodyThatIsCutOff) {
  const std::string body = Part("a", "1") + std::string(kEnd);
  for (size_t size = 0; size < body.size() - 2; ++size) {
    EXPECT_THAT(Parsed(body.substr(0, size)), HasSubstr("ends before its last boundary, --b1--"));
  }
}

TEST(Multipart, RefusesOtherBoundaries) {
  EXPECT_THAT(Parsed("--b2\r\n\r\n"), HasSubstr("begins with its boundary"));
  EXPECT_THAT(Parsed("--b1\n\n"), HasSubstr("goes on"));
}

TEST(Multipart, LimitsPartsAndTheirHeads) {
  std::string body;
  for (int i = 0; i < 4; ++i) body += Part("a", "1");
  EXPECT_THAT(Parsed(body), HasSubstr("at most 3 parts"));
  EXPECT_THAT(Transcript("--b1\r\n" + std::string(1 << 20, 'a'), 1000),
              HasSubstr("part 1: the head of a part has at most 200 bytes"));
}

TEST(Multipart, TakesAHeadOfExactlyTheLimit) {
  const std::string head = "Content-Disposition: form-data; name=a; filename=";
  EXPECT_EQ(
      Parsed(Text("--b1\r\n", head, std::string(200 - head.size(), 'x'), "\r\n\r\n1\r\n", kEnd)),
      Text("a|", std::string(200 - head.size(), 'x'), "||1\nend"));
  EXPECT_THAT(
      Parsed(Text("--b1\r\n", head, std::string(201 - head.size(), 'x'), "\r\n\r\n1\r\n", kEnd)),
      HasSubstr("at most 200 bytes"));
}

TEST(Multipart, RefusesHeadsThatAreNone) {
  const struct {
    const char* head;
    const char* says;
  } kCases[] = {
      {"", "no Content-Disposition"},
      {"Content-Type: text/plain\r\n", "no Content-Disposition"},
      {"Content-Disposition: attachment; name=a\r\n", "form-data"},
      {"Content-Disposition: form-data\r\n", "form-data"},
      {"Content-Disposition: form-data; name=\"\"\r\n", "form-data"},
      {"Content-Disposition: form-data; name=\"a\r\n", "Content-Disposition: '"},
      {"Content-Disposition: form-data; name=\"\xff\"\r\n", "UTF-8"},
      {"Content-Disposition: form-data; name=a\r\n b\r\n", "not a header"},
      {"Content-Disposition: form-data; name=a\r\ncontent-disposition: form-data; name=b\r\n",
       "twice"},
      {"Content-Disposition : form-data; name=a\r\n", "not a header"},
      {"nothing\r\n", "not a header"},
      {": x\r\n", "not a header"},
      {"X: a\nb\r\n", "not a header"},
      {"Content-Type: text/plain\r\nContent-Type: text/html\r\n", "twice"},
      {"Content-Type: multipart/mixed; boundary=b1\r\n", "made of parts"},
      {"Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding"},
  };
  for (const auto& [head, says] : kCases) {
    EXPECT_THAT(Parsed(Text("--b1\r\n", head, "\r\n1\r\n", kEnd)), HasSubstr(says)) << head;
  }
}

TEST(Multipart, HandsAFileOnAsItComes) {
  const std::string file(1 << 20, '\r');
  size_t most = 0;
  EXPECT_EQ(Transcript(Part("f", file) + std::string(kEnd), 1000, &most),
            Text("f|-||", file, "\nend"));
  EXPECT_LE(most, 1010u);
}

TEST(Multipart, FindsItsBoundary) {
  EXPECT_EQ(*MultipartParser::BoundaryOf("multipart/form-data; boundary=----WebKitFormBoundaryA1"),
            "----WebKitFormBoundaryA1");
  EXPECT_EQ(*MultipartParser::BoundaryOf("multipart/form-data; boundary=\"a b\""), "a b");
  for (const std::string& type :
       {std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
        std::string("multipart/form-data; boundary=\"\""),
        std::string("multipart/form-data; boundary=\"a \""),
        std::string("multipart/form-data; boundary=a&b"),
        "multipart/form-data; boundary=" + std::string(71, 'a')}) {
    EXPECT_THAT(std::string(MultipartParser::BoundaryOf(type).status().message()),
                Not(testing::IsEmpty()))
        << type;
  }
}

}  // namespace
}  // namespace chains::gateway
