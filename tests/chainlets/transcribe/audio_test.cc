#include "audio.h"

#include <cmath>
#include <cstdint>
#include <numbers>
#include <ostream>
#include <sndfile.h>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/reader.h"
#include "tools/recordings.h"

namespace transcribe {
namespace {

using ::testing::HasSubstr;

struct Written {
  std::string bytes;
  sf_count_t position = 0;
};

// A file as libsndfile writes it, in memory.
std::string AudioFile(int format, int rate, int channels, const std::vector<float>& frames) {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* self) {
    return static_cast<sf_count_t>(static_cast<Written*>(self)->bytes.size());
  };
  io.seek = [](sf_count_t offset, int whence, void* self) {
    auto* file = static_cast<Written*>(self);
    if (whence == SEEK_CUR) offset += file->position;
    if (whence == SEEK_END) offset += static_cast<sf_count_t>(file->bytes.size());
    return file->position = offset;
  };
  io.read = [](void*, sf_count_t, void*) -> sf_count_t { return 0; };
  io.write = [](const void* from, sf_count_t count, void* self) {
    auto* file = static_cast<Written*>(self);
    const auto begin = static_cast<size_t>(file->position);
    const auto size = static_cast<size_t>(count);
    if (file->bytes.size() < begin + size) file->bytes.resize(begin + size);
    file->bytes.replace(begin, size, static_cast<const char*>(from), size);
    file->position += count;
    return count;
  };
  io.tell = [](void* self) { return static_cast<Written*>(self)->position; };

  Written written;
  SF_INFO info{};
  info.format = format;
  info.samplerate = rate;
  info.channels = channels;
  SNDFILE* file = sf_open_virtual(&io, SFM_WRITE, &info, &written);
  EXPECT_NE(file, nullptr) << sf_strerror(nullptr);
  if (file == nullptr) return "";
  sf_writef_float(file, frames.data(), static_cast<sf_count_t>(frames.size()) / channels);
  sf_close(file);
  return written.bytes;
}

constexpr int kWav = SF_FORMAT_WAV | SF_FORMAT_PCM_16;

// `seconds` of a tone at half of full loudness, the same on every channel.
std::vector<float> Tone(double hertz, int rate, int channels, double seconds) {
  std::vector<float> frames;
  for (int i = 0; i < static_cast<int>(seconds * rate); ++i) {
    const double value = 0.5 * std::sin(2 * std::numbers::pi * hertz * i / rate);
    frames.insert(frames.end(), static_cast<size_t>(channels), static_cast<float>(value));
  }
  return frames;
}

double Rms(const Samples& samples) {
  double sum = 0;
  for (int16_t sample : samples) sum += double{1} * sample * sample;
  return std::sqrt(sum / static_cast<double>(samples.size())) / 32768;
}

// How often the wave goes up through zero in a second: its frequency.
double Frequency(const Samples& samples) {
  int crossings = 0;
  for (size_t i = 1; i < samples.size(); ++i) crossings += samples[i - 1] < 0 && samples[i] >= 0;
  return crossings / Seconds(samples.size());
}

struct Kind {
  std::string name;
  int format;
  int rate;
  int channels;
};

// Without it GoogleTest prints the bytes, padding and all.
void PrintTo(const Kind& value, std::ostream* out) { *out << value.name; }

class AnyAudioTest : public ::testing::TestWithParam<Kind> {};

TEST_P(AnyAudioTest, BecomesMonoAt16Kilohertz) {
  const auto& [name, format, rate, channels] = GetParam();
  const absl::StatusOr<Samples> samples =
      DecodeAudio(AudioFile(format, rate, channels, Tone(440, rate, channels, 1)), MediaLimits());
  ASSERT_TRUE(samples.ok()) << samples.status();
  EXPECT_NEAR(Seconds(samples->size()), 1, 0.004);  // a codec may leave a block out
  EXPECT_NEAR(Frequency(*samples), 440, 3);
  EXPECT_NEAR(Rms(*samples), 0.5 / std::numbers::sqrt2, 0.01);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, AnyAudioTest,
    ::testing::Values(Kind{"Wav16kMono", kWav, 16'000, 1}, Kind{"Wav8kMono", kWav, 8'000, 1},
                      Kind{"Wav44kStereo", kWav, 44'100, 2},
                      Kind{"Wav48kSixChannels", kWav, 48'000, 6},
                      Kind{"WavFloat96k", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 96'000, 1},
                      Kind{"Wav24Bit", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 22'050, 2},
                      Kind{"WavMuLaw", SF_FORMAT_WAV | SF_FORMAT_ULAW, 8'000, 1},
                      Kind{"Flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44'100, 2},
                      Kind{"OggVorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 48'000, 1}),
    [](const auto& param) { return param.param.name; });

TEST(AudioTest, AveragesTheChannels) {
  std::vector<float> frames;
  for (int i = 0; i < 1000; ++i) frames.insert(frames.end(), {0.5F, -0.25F});
  const absl::StatusOr<Samples> samples =
      DecodeAudio(AudioFile(kWav, kSampleRate, 2, frames), MediaLimits());
  ASSERT_TRUE(samples.ok()) << samples.status();
  EXPECT_EQ(*samples, Samples(1000, 4096));
}

TEST(AudioTest, LeavesWhatIsInTheRightFormAsItIs) {
  Samples samples;
  for (int i = -32768; i <= 32767; i += 7) samples.push_back(static_cast<int16_t>(i));
  EXPECT_EQ(DecodeAudio(ToWav(samples), MediaLimits()).value(), samples);
}

TEST(AudioTest, HasNoSamplesInAnEmptyRecording) {
  for (int rate : {kSampleRate, 44'100}) {
    const absl::StatusOr<Samples> samples =
        DecodeAudio(AudioFile(kWav, rate, 1, {}), MediaLimits());
    ASSERT_TRUE(samples.ok()) << samples.status();
    EXPECT_TRUE(samples->empty());
  }
}

TEST(AudioTest, RefusesWhatIsNoAudio) {
  for (const char* media : {"", "RIFF", "this is no audio file at all, whatever it may say"}) {
    const absl::Status status = DecodeAudio(media, MediaLimits()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("media: no audio file"));
  }
}

TEST(AudioTest, RefusesARecordingThatIsTooLong) {
  const std::string media = AudioFile(kWav, 8'000, 1, Tone(440, 8'000, 1, 3));
  EXPECT_TRUE(DecodeAudio(media, {.longest = absl::Seconds(4)}).ok());
  EXPECT_EQ(DecodeAudio(media, {.longest = absl::Seconds(2)}).status(),
            absl::InvalidArgumentError("media: longer than the allowed 2s"));
}

TEST(AudioTest, RefusesASamplingRateNobodyRecordsWith) {
  const absl::Status status =
      DecodeAudio(AudioFile(kWav, 20, 1, std::vector<float>(100)), MediaLimits()).status();
  EXPECT_EQ(status, absl::InvalidArgumentError("media: a sampling rate of 20 Hz is not supported"));
}

// Whatever is cut off or changed, there is an answer.
TEST(AudioTest, SurvivesDamagedFiles) {
  const std::string media = AudioFile(kWav, 22'050, 2, Tone(300, 22'050, 2, 0.1));
  for (size_t size = 0; size < 200; ++size) {
    DecodeAudio(std::string_view(media).substr(0, size), MediaLimits()).IgnoreError();
  }
  const MediaLimits limits{.longest = absl::Seconds(10)};
  for (size_t i = 0; i < 60; ++i) {
    for (char value : {'\x00', '\x7f', '\xff'}) {
      std::string damaged = media;
      damaged[i] = value;
      DecodeAudio(damaged, limits).IgnoreError();
    }
  }
}

TEST(AudioTest, GoesThroughPcmAndBack) {
  const Samples samples = {0, 1, -1, 256, 32767, -32768};
  EXPECT_EQ(ToPcm(samples), std::string("\0\0\1\0\xff\xff\0\1\xff\x7f\0\x80", 12));
  EXPECT_EQ(FromPcm(ToPcm(samples)).value(), samples);
  EXPECT_TRUE(FromPcm("")->empty());
  EXPECT_EQ(FromPcm("abc").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace transcribe
