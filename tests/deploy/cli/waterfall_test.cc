// The waterfall as text, character by character.
#include "deploy/cli/waterfall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "deploy/cli/terminal/charset.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A calls B, and then C and D at once, of which D takes longer; E is called by C.
std::vector<WaterfallSpan> Fan() {
  return {{.name = "a.A.RunRemote", .start_us = 1000, .duration_us = 1000},
          {.name = "b.B.RunRemote", .parent = 0, .start_us = 1000, .duration_us = 400},
          {.name = "c.C.RunRemote", .parent = 0, .start_us = 1400, .duration_us = 300},
          {.name = "e.E.RunRemote", .parent = 2, .start_us = 1500, .duration_us = 100},
          {.name = "d.D.RunRemote",
           .parent = 0,
           .start_us = 1400,
           .duration_us = 550,
           .note = "UNAVAILABLE"}};
}

TEST(CliWaterfall, TheCriticalPathIsWalkedFromTheEnd) {
  EXPECT_THAT(CriticalPath(Fan()), ElementsAre(true, true, false, false, true));
  EXPECT_THAT(CriticalPath({}), ElementsAre());
  // Who ends while the next one runs made nobody wait.
  EXPECT_THAT(CriticalPath({{.name = "a", .duration_us = 100},
                            {.name = "b", .parent = 0, .start_us = 0, .duration_us = 60},
                            {.name = "c", .parent = 0, .start_us = 50, .duration_us = 50}}),
              ElementsAre(true, false, true));
}

TEST(CliWaterfall, IsALineForEachCall) {
  EXPECT_EQ(Waterfall(Fan(), 72),
            "◆ a.A.RunRemote      ████████████████████████████  1.0 ms\n"
            "◆   b.B.RunRemote    ███████████                   400 µs\n"
            "    c.C.RunRemote               ▒▒▒▒▒▒▒▒           300 µs\n"
            "      e.E.RunRemote                ▒▒              100 µs\n"
            "◆   d.D.RunRemote               ███████████████    550 µs   UNAVAILABLE\n");
}

TEST(CliWaterfall, IsAsWideInAscii) {
  EXPECT_EQ(Waterfall(Fan(), 60, false),
            "* a.A.RunRemote      ################  1.0 ms\n"
            "*   b.B.RunRemote    ######            400 us\n"
            "    c.C.RunRemote          -----       300 us\n"
            "      e.E.RunRemote          -         100 us\n"
            "*   d.D.RunRemote          #########   550 us   UNAVAILABLE\n");
}

TEST(CliWaterfall, FitsInAnyWidthAndInSixtyColumnsAtLeast) {
  std::vector<WaterfallSpan> spans = Fan();
  spans[1].name = std::string(200, 'x');
  spans[4].note = std::string(300, 'y');
  for (const size_t columns : {size_t{0}, size_t{20}, size_t{60}, size_t{80}, size_t{200}}) {
    for (const bool unicode : {true, false}) {
      const std::string text = Waterfall(spans, columns, unicode);
      const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
      ASSERT_EQ(lines.size(), spans.size());
      for (const std::string& line : lines) {
        EXPECT_LE(Columns(line), std::max(columns, size_t{60})) << line;
        EXPECT_NE(line.back(), ' ');
        EXPECT_THAT(line, HasSubstr(unicode ? (line.starts_with("◆") ? "█" : "▒")
                                            : (line.starts_with("*") ? "#" : "-")));
      }
    }
  }
}

TEST(CliWaterfall, OfTimesThatMakeNoSenseIsDrawnAllTheSame) {
  const std::string text = Waterfall({{.name = "a\x1b[2J", .start_us = INT64_MAX / 2},
                                      {.name = "b", .parent = 0, .start_us = -5, .duration_us = 1},
                                      {.name = "c", .parent = 7, .duration_us = 0}},
                                     80);
  EXPECT_THAT(text, HasSubstr("a\\x1b[2J"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_EQ(Waterfall({}, 80), "");
}

TEST(Charset, IsWhatTheFirstLocaleThatIsSetNames) {
  const auto shows = [](std::map<std::string, std::string> environment) {
    return ShowsUnicode([environment](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      if (found == environment.end()) return std::nullopt;
      return found->second;
    });
  };
  EXPECT_TRUE(shows({}));
  EXPECT_TRUE(shows({{"LANG", "en_GB.UTF-8"}}));
  EXPECT_TRUE(shows({{"LC_ALL", ""}, {"LANG", "C.utf8"}}));
  EXPECT_FALSE(shows({{"LANG", "C"}}));
  EXPECT_FALSE(shows({{"LC_ALL", "de_DE.ISO-8859-1"}, {"LANG", "C.UTF-8"}}));
}

}  // namespace
}  // namespace chains::deploy::cli
