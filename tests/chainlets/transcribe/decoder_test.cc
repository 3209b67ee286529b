// With the real model.
#include "decoder.h"

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio.h"
#include "cutter.h"
#include "tools/recordings.h"
#include "tools/word_error_rate.h"

namespace transcribe {
namespace {

class DecoderTest : public ::testing::Test {
 protected:
  static std::unique_ptr<Decoder> Load() {
    absl::StatusOr<std::unique_ptr<Decoder>> decoder = LoadPocketSphinx(POCKETSPHINX_MODEL_DIR);
    EXPECT_TRUE(decoder.ok()) << decoder.status();
    return *std::move(decoder);
  }
  static Joined Recordings() {
    return JoinRecordings(FindRecordings(POCKETSPHINX_TESTDATA_DIR).value(), 1).value();
  }
};

TEST_F(DecoderTest, HearsWhatIsSaid) {
  KnownRecording recording = FindRecordings(POCKETSPHINX_TESTDATA_DIR).value()[3];
  ASSERT_EQ(recording.reference, "five five");
  const Joined joined = JoinRecordings({recording}, 0.1).value();
  EXPECT_EQ(Load()->Decode(joined.samples).value(), "five five");
}

// What came before makes no difference: neither on a used decoder nor in another order.
TEST_F(DecoderTest, AnswersTheSameWhateverItHeardBefore) {
  Samples speech = Recordings().samples;
  speech.resize(12 * size_t{kSampleRate});
  Cutter cutter{CutOptions()};
  cutter.Add(speech);
  cutter.End();
  std::vector<Samples> chunks;
  while (std::optional<Piece> piece = cutter.Next()) chunks.push_back(std::move(piece->samples));
  ASSERT_GE(chunks.size(), 3);
  const std::unique_ptr<Decoder> forwards = Load();
  std::vector<std::string> texts;
  for (const Samples& chunk : chunks) texts.push_back(forwards->Decode(chunk).value());

  const std::unique_ptr<Decoder> backwards = Load();
  for (size_t i = chunks.size(); i-- > 0;) {
    EXPECT_EQ(backwards->Decode(chunks[i]).value(), texts[i]) << i;
  }
}

TEST_F(DecoderTest, SaysNothingInSilence) {
  const std::unique_ptr<Decoder> decoder = Load();
  for (size_t size : {0, 1, 160, 1599, 1600, 1601, 16'000, 80'000}) {
    EXPECT_EQ(decoder->Decode(Samples(size)).value(), "") << size;
  }
}

TEST_F(DecoderTest, SurvivesShortPiecesAndNoise) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const std::unique_ptr<Decoder> decoder = Load();
  const Samples speech = Recordings().samples;
  for (int i = 0; i < 15; ++i) {
    const size_t size = std::uniform_int_distribution<size_t>(1, 6000)(random);
    const size_t begin = std::uniform_int_distribution<size_t>(0, speech.size() - size)(random);
    EXPECT_TRUE(decoder->Decode(std::span(speech).subspan(begin, size)).ok());
    Samples noise(size);
    for (int16_t& sample : noise) {
      sample = static_cast<int16_t>(std::uniform_int_distribution<int>(-32768, 32767)(random));
    }
    EXPECT_TRUE(decoder->Decode(noise).ok());
  }
}

TEST_F(DecoderTest, NamesTheFileOfTheModelThatIsMissing) {
  const absl::Status status = LoadPocketSphinx("no/such/folder").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "speech model: there is no no/such/folder/en-us");
}

TEST_F(DecoderTest, PrintsNothing) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_TRUE(Load()->Decode(Samples(16'000, 100)).ok());
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace transcribe
