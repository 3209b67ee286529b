#include <memory>
#include <optional>
#include <span>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "chains/core/wait.h"
#include "transcribe_chain.h"

namespace transcribe {
namespace {

using ::testing::HasSubstr;

// Says how many samples it got.
class CountingDecoder final : public Decoder {
 public:
  absl::StatusOr<std::string> Decode(std::span<const int16_t> samples) override {
    return absl::StrCat(samples.size(), " samples");
  }
};

absl::StatusOr<RecognizeResponse> Recognize(const std::string& pcm, std::optional<int> rate = {}) {
  DecoderPool decoders([] { return std::make_unique<CountingDecoder>(); }, 1);
  PocketSphinxRecognizer recognizer(decoders);
  RecognizeRequest request;
  request.set_pcm(pcm);
  if (rate.has_value()) request.set_sampling_rate_hz(*rate);
  return chains::Wait(recognizer.RunRemote(std::move(request)));
}

TEST(RecognizerTest, HandsTheSamplesToADecoder) {
  const RecognizeResponse response = Recognize(ToPcm(Samples(1234)), kSampleRate).value();
  EXPECT_EQ(response.text(), "1234 samples");
  EXPECT_EQ(response.language(), "English");
  EXPECT_EQ(response.language_code(), "en");
}

TEST(RecognizerTest, TakesAnEmptyChunk) { EXPECT_EQ(Recognize("")->text(), "0 samples"); }

TEST(RecognizerTest, RefusesWhatItCannotHear) {
  EXPECT_EQ(Recognize("abc").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Recognize("abcd", 8000).status().message()),
              HasSubstr("sampling_rate_hz is 8000"));
  EXPECT_TRUE(Recognize(std::string(60 * 2 * kSampleRate, '\0')).ok());
  EXPECT_THAT(
      std::string(Recognize(std::string(60 * 2 * kSampleRate + 2, '\0')).status().message()),
      HasSubstr("it can be 60 s at most"));
}

TEST(RecognizerTest, FailsWithoutAModel) {
  DecoderPool decoders([] { return LoadPocketSphinx("no/such/folder"); }, 1);
  PocketSphinxRecognizer recognizer(decoders);
  EXPECT_EQ(chains::Wait(recognizer.RunRemote(RecognizeRequest())).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace transcribe
