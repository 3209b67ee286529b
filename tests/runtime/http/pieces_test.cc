#include "chains/http/pieces.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Read(Pieces& pieces, const std::vector<std::string>& lines) {
  std::vector<std::string> texts;
  for (const std::string& line : lines) {
    if (std::optional<std::string> text = pieces.Line(line)) texts.push_back(*std::move(text));
  }
  if (std::optional<std::string> text = pieces.End()) texts.push_back(*std::move(text));
  return texts;
}

TEST(Pieces, ALineIsAText) {
  Pieces pieces("application/x-ndjson; charset=utf-8");
  EXPECT_THAT(Read(pieces, {"{\"a\":1}", "", "2"}), ElementsAre("{\"a\":1}", "2"));
}

TEST(Pieces, AnEventsDataIsAText) {
  Pieces pieces("text/event-stream");
  EXPECT_THAT(Read(pieces, {": hello", "id: 1", "data: 1", "", "data:{", "data: }", "", "event: x",
                            "", "data: cut off"}),
              ElementsAre("1", "{\n}"));
}

TEST(Pieces, NothingComesAfterWhatSaysThatThisWasAll) {
  Pieces models("text/event-stream");
  EXPECT_THAT(Read(models, {"data: 1", "", "data: [DONE]", "", "data: 2", ""}), ElementsAre("1"));
  EXPECT_TRUE(models.done());
  Pieces ours("text/event-stream");
  EXPECT_THAT(Read(ours, {"event: end", "id: end", "data: {}", "", "data: 2", ""}), IsEmpty());
}

TEST(Pieces, AnEventOfAFailureLooksLikeTheLineOfOne) {
  Pieces pieces("text/event-stream");
  EXPECT_THAT(Read(pieces, {"event: error", "data: {\"message\":\"full\"}", "", "event: error",
                            "data: {\"error\":{}}", ""}),
              ElementsAre("{\"error\":{\"message\":\"full\"}}", "{\"error\":{}}"));
}

TEST(Pieces, AnythingElseIsOneText) {
  Pieces pieces("application/json");
  EXPECT_THAT(Read(pieces, {"{", "  \"a\": 1", "}"}), ElementsAre("{\n  \"a\": 1\n}"));
  Pieces nothing("");
  EXPECT_THAT(Read(nothing, {"", " "}), IsEmpty());
}

TEST(Pieces, ATextIsBounded) {
  for (const char* type : {"application/x-ndjson", "text/event-stream", ""}) {
    Pieces pieces(type, 10);
    EXPECT_THAT(Read(pieces, {"data: 123456", "data: 123456", "", "data: 1", ""}), IsEmpty())
        << type;
    EXPECT_TRUE(pieces.too_large()) << type;
  }
}

}  // namespace
}  // namespace chains::http
