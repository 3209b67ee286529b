// Files as ffmpeg writes them, and what must not become of a process that reads them.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <numbers>
#include <ostream>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "media/reader.h"
#include "tools/recordings.h"
#include "tools/run_program.h"

namespace transcribe {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A folder of its own.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "media_reader_test.XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path path() const { return path_; }

 private:
  fs::path path_;
};

// Ten seconds that go up in pitch, so that each place is known by what is heard there.
Samples Siren() {
  Samples samples;
  double phase = 0;
  for (int i = 0; i < 10 * kSampleRate; ++i) {
    phase += 2 * std::numbers::pi * (200 + 0.01 * i) / kSampleRate;
    samples.push_back(static_cast<int16_t>(10'000 * std::sin(phase)));
  }
  return samples;
}

// `samples` as ffmpeg encodes them, in a file with this ending.
std::string Encoded(const Samples& samples, const std::string& ending,
                    const std::vector<std::string>& options = {}) {
  const Folder folder;
  EXPECT_TRUE(WriteFile(folder.path() / "in.wav", ToWav(samples)).ok());
  std::vector<std::string> arguments = {"ffmpeg", "-nostdin", "-i", folder.path() / "in.wav"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.push_back(folder.path() / ("out." + ending));
  const absl::Status status = RunProgram(arguments).status();
  EXPECT_TRUE(status.ok()) << status;
  return ReadFile(arguments.back()).value_or("");
}

double CrossingsPerSecond(std::span<const int16_t> samples) {
  int crossings = 0;
  for (size_t i = 1; i < samples.size(); ++i) crossings += samples[i - 1] < 0 && samples[i] >= 0;
  return crossings / Seconds(samples.size());
}

struct Kind {
  std::string ending;
  std::vector<std::string> options = {};
  bool seeks_exactly = false;
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.ending; }

class MediaReaderTest : public ::testing::TestWithParam<Kind> {};

TEST_P(MediaReaderTest, HearsWhatWasRecorded) {
  const auto& [ending, options, seeks] = GetParam();
  const std::string file = Encoded(Siren(), ending, options);
  MemorySource source(file);
  EXPECT_EQ(MediaReader::Open(source, MediaLimits()).value()->about().seeks_exactly, seeks);
  const absl::StatusOr<Samples> samples = DecodeAudio(file, MediaLimits());
  ASSERT_TRUE(samples.ok()) << samples.status();
  EXPECT_NEAR(Seconds(samples->size()), 10, 0.12);
  for (size_t second : {1, 4, 7}) {
    const auto heard = std::span(*samples).subspan(second * kSampleRate, kSampleRate / 2);
    EXPECT_NEAR(CrossingsPerSecond(heard), 200 + 160.0 * static_cast<double>(second) + 40, 15);
  }
}

// Apart, at the best of some shifts: containers count in milliseconds, and the resampler begins
// between two samples.
double Difference(std::span<const int16_t> heard, std::span<const int16_t> all, size_t at) {
  constexpr size_t kShift = 20;
  double best = 1e9;
  for (size_t begin = at - std::min(at, kShift); begin <= at + kShift; ++begin) {
    double most = 0;
    for (size_t i = 0; i < heard.size(); ++i) {
      most = std::max(most, std::abs(double{1} * heard[i] - all[begin + i]));
    }
    best = std::min(best, most);
  }
  return best;
}

class SeekTest : public ::testing::TestWithParam<Kind> {};

TEST_P(SeekTest, GoesToASample) {
  const std::string file = Encoded(Siren(), GetParam().ending, GetParam().options);
  MemorySource source(file);
  const auto reader = MediaReader::Open(source, MediaLimits()).value();
  Samples all = reader->Read().value();
  const size_t first = reader->position() - all.size();
  while (true) {
    const Samples more = reader->Read().value();
    if (more.empty()) break;
    all.insert(all.end(), more.begin(), more.end());
  }
  for (size_t sample : {100'000, 1'000, 48'000, 159'000, 77'777}) {
    ASSERT_TRUE(reader->Seek(sample).ok());
    Samples heard;
    while (heard.size() < 500) {
      const Samples more = reader->Read().value();
      if (heard.empty()) {
        EXPECT_EQ(reader->position(), sample + more.size());
      }
      ASSERT_FALSE(more.empty()) << sample;
      heard.insert(heard.end(), more.begin(), more.end());
    }
    EXPECT_LT(Difference(std::span(heard).first(500), all, sample - first), 2'500) << sample;
  }
  ASSERT_TRUE(reader->Seek(10'000'000).ok());
  EXPECT_TRUE(reader->Read()->empty());
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, MediaReaderTest,
    ::testing::Values(Kind{"mp3"}, Kind{"ogg"}, Kind{"opus"}, Kind{"flac"}, Kind{"aac"}, Kind{"ts"},
                      Kind{"m4a", {}, true}, Kind{"mkv", {}, true},
                      Kind{"mp4", {"-movflags", "+faststart", "-ac", "2"}, true},
                      Kind{"wav", {"-ar", "44100"}, true},
                      Kind{"wav", {"-ar", "8000", "-c:a", "pcm_mulaw"}, true},
                      Kind{"aiff", {}, true}, Kind{"wma"}),
    [](const auto& param) { return absl::StrCat(param.param.ending, param.index); });

INSTANTIATE_TEST_SUITE_P(Kinds, SeekTest,
                         ::testing::Values(Kind{"m4a"}, Kind{"mkv"},
                                           Kind{"mp4", {"-movflags", "+faststart", "-ac", "2"}},
                                           Kind{"wav", {"-ar", "44100"}}, Kind{"aiff"}),
                         [](const auto& param) {
                           return absl::StrCat(param.param.ending, param.index);
                         });

TEST(MediaReaderLimitsTest, HearsTheSoundOfAVideo) {
  const std::string file =
      Encoded(Siren(), "mp4", {"-f", "lavfi", "-i", "color=size=64x64:rate=5", "-shortest"});
  MemorySource source(file);
  const auto reader = MediaReader::Open(source, MediaLimits()).value();
  EXPECT_EQ(reader->about().codec, "aac");
  EXPECT_NEAR(Seconds(DecodeAudio(file, MediaLimits())->size()), 10, 0.1);
}

TEST(MediaReaderLimitsTest, SaysThatAVideoHasNoSound) {
  const std::string file =
      Encoded({}, "mp4", {"-f", "lavfi", "-i", "color=size=64x64:rate=5", "-map", "1", "-t", "1"});
  const absl::Status status = DecodeAudio(file, MediaLimits()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no sound"));
}

TEST(MediaReaderLimitsTest, DecodesNoMoreThanIsAllowed) {
  const std::string file = Encoded(Samples(60 * kSampleRate), "flac");
  EXPECT_LT(file.size(), 100'000);
  EXPECT_EQ(DecodeAudio(file, {.longest = absl::Seconds(59)}).status(),
            absl::InvalidArgumentError("media: longer than the allowed 59s"));
  EXPECT_EQ(DecodeAudio(file, {.bytes = 1000}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DecodeAudio(file, {.time = absl::ZeroDuration()}).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(DecodeAudio(file, {.stop = stop.get_token()}).status().code(),
            absl::StatusCode::kCancelled);
}

// An index of two thousand million samples, in a hundred bytes.
TEST(MediaReaderLimitsTest, BuildsNoIndexOfWhatIsNotThere) {
  std::string file = Encoded(Siren(), "m4a");
  const size_t stsz = file.find("stsz");
  ASSERT_NE(stsz, file.npos);
  file.replace(stsz + 8, 8, std::string("\0\0\0\1\x7f\xff\xff\xff", 8));
  DecodeAudio(file, {.time = absl::Seconds(20)}).IgnoreError();
}

class FailingSource final : public MediaSource {
 public:
  explicit FailingSource(std::string file) : file_(std::move(file)) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> to) override {
    if (offset > file_.size() / 2) return absl::UnavailableError("the line is cut");
    return MemorySource(file_).ReadAt(offset, to);
  }
  uint64_t size() const override { return file_.size(); }

 private:
  const std::string file_;
};

TEST(MediaReaderLimitsTest, FailsAsItsSourceDoes) {
  for (const char* ending : {"flac", "m4a"}) {
    FailingSource source(Encoded(Siren(), ending));
    const auto reader = MediaReader::Open(source, MediaLimits());
    absl::StatusOr<Samples> samples = reader.ok() ? (*reader)->Read() : reader.status();
    while (samples.ok() && !samples->empty()) samples = (*reader)->Read();
    EXPECT_EQ(samples.status(), absl::UnavailableError("the line is cut")) << ending;
  }
}

// Whatever is cut off or changed, there is an answer.
TEST_P(MediaReaderTest, SurvivesDamage) {
  const auto& [ending, options, seeks] = GetParam();
  Samples second = Siren();
  second.resize(kSampleRate);
  const std::string file = Encoded(second, ending, options);
  const MediaLimits limits{.longest = absl::Seconds(20), .time = absl::Seconds(20)};
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    std::string damaged = file;
    for (int i = 0; i < 8; ++i) {
      damaged[random() % std::min<size_t>(file.size(), 2000)] = static_cast<char>(random());
    }
    if (round % 4 == 0) damaged.resize(random() % damaged.size());
    DecodeAudio(damaged, limits).IgnoreError();
  }
}

}  // namespace
}  // namespace transcribe
