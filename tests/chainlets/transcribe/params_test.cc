#include "params.h"

#include <limits>

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace transcribe {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<Options> Read(const char* text) {
  TranscribeParams params;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &params)) << text;
  return ReadParams(params);
}

TEST(ParamsTest, HaveDefaults) {
  const Options options = Read("").value();
  EXPECT_EQ(options.macro.size, 300 * 16'000);
  EXPECT_EQ(options.macro.window, 5 * 16'000);
  EXPECT_EQ(options.macro.reach_back, 0);
  EXPECT_EQ(options.macro.smoothing, 1600);
  EXPECT_EQ(options.micro.size, 5 * 16'000);
  EXPECT_EQ(options.micro.window, 40'000);
  EXPECT_EQ(options.micro.smoothing, 1600);
  EXPECT_EQ(options.micro.reach_back, 0);
  EXPECT_TRUE(options.allow_partial);
}

TEST(ParamsTest, AreTakenAsGiven) {
  const Options options = Read(R"pb(wav_sampling_rate_hz: 16000
                                    macro_chunk_size_sec: 60
                                    macro_chunk_overlap_sec: 0.5
                                    micro_chunk_size_sec: 2.5
                                    silence_detection_smoothing_num_samples: 800
                                    allow_partial: false)pb")
                              .value();
  EXPECT_EQ(options.macro.size, 60 * 16'000);
  EXPECT_EQ(options.macro.reach_back, 8'000);
  EXPECT_EQ(options.macro.window, 40'000);
  EXPECT_EQ(options.micro.size, 40'000);
  EXPECT_EQ(options.micro.smoothing, 800);
  EXPECT_FALSE(options.allow_partial);
}

TEST(ParamsTest, OfAVeryLongMacroChunkHalfAnHourIsTaken) {
  EXPECT_EQ(Read("macro_chunk_size_sec: 86400")->macro.size, kLongestMacroChunk);
}

struct Bad {
  std::string field;
  const char* text;
};

// Without it GoogleTest prints the bytes, padding and all.
void PrintTo(const Bad& value, std::ostream* out) { *out << value.field; }

class BadParamsTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadParamsTest, AreNamed) {
  const absl::Status status = Read(GetParam().text).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("params." + GetParam().field + " is "));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, BadParamsTest,
    ::testing::Values(Bad{"wav_sampling_rate_hz", "wav_sampling_rate_hz: 8000"},
                      Bad{"micro_chunk_size_sec", "micro_chunk_size_sec: 0.5"},
                      Bad{"micro_chunk_size_sec", "micro_chunk_size_sec: 61"},
                      Bad{"micro_chunk_size_sec", "micro_chunk_size_sec: nan"},
                      Bad{"macro_chunk_size_sec", "macro_chunk_size_sec: 4.9"},
                      Bad{"macro_chunk_size_sec", "macro_chunk_size_sec: inf"},
                      Bad{"macro_chunk_overlap_sec", "macro_chunk_overlap_sec: -1"},
                      Bad{"macro_chunk_overlap_sec",
                          "macro_chunk_size_sec: 10 macro_chunk_overlap_sec: 5"},
                      Bad{"macro_chunk_overlap_sec", "macro_chunk_overlap_sec: nan"},
                      Bad{"macro_chunk_overlap_sec", "macro_chunk_overlap_sec: 31"},
                      Bad{"silence_detection_smoothing_num_samples",
                          "silence_detection_smoothing_num_samples: 0"},
                      Bad{"silence_detection_smoothing_num_samples",
                          "silence_detection_smoothing_num_samples: 160001"}));

}  // namespace
}  // namespace transcribe
