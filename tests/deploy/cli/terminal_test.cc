// What is written to a terminal: safe, aligned, readable.
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/cli/diff.h"
#include "deploy/cli/json_text.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/progress.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/terminal/table.h"

namespace chains::deploy::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(SafeText, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(Safe("a\x1b[2Jb\r\n\t\x7f"), "a\\x1b[2Jb\\r\\n\\t\\x7f");
}
TEST(SafeText, EscapesControlsOfTwoBytesAndWhatTurnsWritingRound) {
  EXPECT_EQ(Safe("\xc2\x9b"
                 "31m"),
            "\\x9b31m");
  EXPECT_EQ(Safe("\xe2\x80\xae"
                 "txt"),
            "\\u202etxt");
}
TEST(SafeText, KeepsUtf8AndEscapesBytesThatAreNone) {
  EXPECT_EQ(Safe("Größe → 1"), "Größe → 1");
  EXPECT_EQ(Safe("a\xff\xc0\x80z"), "a\\xff\\xc0\\x80z");
  EXPECT_EQ(Safe("\xe2\x82"), "\\xe2\\x82") << "cut off";
  EXPECT_EQ(Safe("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
}
TEST(SafeText, LinesOfATextAreSafeEach) {
  EXPECT_THAT(SafeLines("one\r\n\ttwo\n\nthree\x07"),
              ElementsAre("one", "    two", "", "three\\x07"));
  EXPECT_THAT(SafeLines(""), IsEmpty());
}
TEST(SafeText, JsonStaysTheSameJson) {
  EXPECT_EQ(SafeJson("{\"a\":\t\"\x7f\xc2\x9b\"}\n"), "{\"a\": \"\\u007f\\u009b\"}\n");
}
TEST(SafeText, IsShortenedByCharacters) {
  EXPECT_EQ(Shortened("Größe", 5), "Größe");
  EXPECT_EQ(Shortened("Größen", 4), "Grö…");
}

TEST(PrettyJson, KeepsTheOrderAndWhatIsInStrings) {
  EXPECT_EQ(PrettyJson(R"({"b":[1, {}],"a":"x:{\"," , "e":[ ]})"),
            "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"a\": \"x:{\\\",\",\n  \"e\": []\n}");
  EXPECT_EQ(PrettyJson("\"text\"\n"), "\"text\"");
  EXPECT_EQ(PrettyJson("no {json"), "no {json");
}

struct Screen {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Terminal Plain() { return {.in = in, .out = out, .err = err}; }
  Terminal Colourful() {
    return {.in = in, .out = out, .err = err, .out_colors = true, .redraws = true, .columns = 20};
  }
};

TEST(Table, IsAsWideAsItMustBeAndEndsNoLineWithSpaces) {
  Screen screen;
  Table table({"NAME", "STATE"});
  table.Add({{"größer"}, {""}});
  table.Add({{"b\n"}, {"ready", Style::kGood}});
  table.Print(screen.Plain(), 2);
  EXPECT_EQ(screen.out.str(),
            "  NAME    STATE\n"
            "  größer  -\n"
            "  b\\n     ready\n");
}
TEST(Table, ColoursDoNotCountAsColumns) {
  Screen screen;
  Table table({"STATE", "N"});
  table.Add({{"up", Style::kGood}, {"1"}});
  table.Print(screen.Colourful());
  EXPECT_THAT(screen.out.str(), HasSubstr("\x1b[32mup\x1b[0m     1\n"));
}
TEST(Table, WithoutRowsPrintsNothing) {
  Screen screen;
  Table({"NAME"}).Print(screen.Plain());
  EXPECT_EQ(screen.out.str(), "");
}

TEST(Progress, ShowsNothingThatChangesWhereNothingIsRedrawn) {
  Screen screen;
  const Terminal terminal = screen.Plain();
  {
    Progress progress(terminal);
    Spinner spinner(progress, terminal, "building");
    progress.Show("half");
    progress.Line("done");
  }
  EXPECT_EQ(screen.err.str(), "done\n");
}
TEST(Progress, OverwritesItselfOnATerminalAndLeavesNoTrace) {
  Screen screen;
  const Terminal terminal = screen.Colourful();
  {
    Progress progress(terminal);
    progress.Show("a text that is longer than the terminal");
    progress.Line("done");
    progress.Show("more");
  }
  EXPECT_EQ(screen.err.str(), "\r\x1b[2Ka text that is lon…\r\x1b[2Kdone\n\r\x1b[2Kmore\r\x1b[2K");
}
TEST(Progress, ABarHasItsWidthWhateverTheShare) {
  EXPECT_EQ(Bar(0.5, 4), "██░░");
  EXPECT_EQ(Bar(7, 2), "██");
  EXPECT_EQ(Bar(-1, 2), "░░");
}

TEST(Human, SizesTimesAndAges) {
  EXPECT_EQ(HumanBytes(512), "512 B");
  EXPECT_EQ(HumanBytes(3 << 19), "1.5 MiB");
  EXPECT_EQ(HumanBytes(uint64_t{1} << 60), "1048576.0 TiB");
  EXPECT_EQ(HumanTime(absl::Microseconds(840)), "840 µs");
  EXPECT_EQ(HumanTime(absl::Microseconds(12340)), "12.3 ms");
  EXPECT_EQ(HumanTime(absl::Milliseconds(999.9)), "1.0 s");
  EXPECT_EQ(HumanTime(absl::Seconds(130)), "2m10s");
  EXPECT_EQ(HumanAge(absl::Milliseconds(10)), "now");
  EXPECT_EQ(HumanAge(absl::Minutes(90)), "1h");
  EXPECT_EQ(HumanAge(absl::Hours(72)), "3d");
  EXPECT_EQ(Ago(absl::ZeroDuration()), "now");
  EXPECT_EQ(Ago(absl::Seconds(3)), "3s ago");
  EXPECT_EQ(HumanNumber(4.25), "4.2");
  EXPECT_EQ(HumanNumber(4), "4");
}

TEST(Diff, ShowsWhatWentAndCame) {
  EXPECT_THAT(DiffLines("a\nb\nc", "a\nx\nc\nd"), ElementsAre("- b", "+ x", "+ d"));
  EXPECT_THAT(DiffLines("a\nb", "a\nb"), IsEmpty());
  EXPECT_THAT(DiffLines("", "a"), ElementsAre("- ", "+ a"));
}
TEST(Diff, OfVeryLongTextsComparesTheirEnds) {
  std::string before = "same\n";
  std::string after = "same\n";
  for (int i = 0; i < 600; ++i) {
    before += "x\n";
    after += "y\n";
  }
  const std::vector<std::string> lines = DiffLines(before, after);
  EXPECT_EQ(lines.size(), 1200u);
  EXPECT_THAT(lines, Not(::testing::Contains("- same")));
}

}  // namespace
}  // namespace chains::deploy::cli
