#include "transcribe_chain.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../together.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "chains/chain/running_chain.h"
#include "chains/testing/placements.h"
#include "tools/recordings.h"

namespace transcribe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A second of sound for each part, with a second of silence between them; part N is N thousand
// loud.
std::string Parts(int count) {
  Samples samples;
  for (int part = 1; part <= count; ++part) {
    if (part > 1) samples.insert(samples.end(), kSampleRate, 0);
    for (int i = 0; i < kSampleRate; ++i) {
      samples.push_back(static_cast<int16_t>(i % 2 == 0 ? 1000 * part : -1000 * part));
    }
  }
  return ToWav(samples);
}

int PartOf(const RecognizeRequest& request) {
  const Samples samples = FromPcm(request.pcm()).value();
  return samples.empty() ? 0 : *std::max_element(samples.begin(), samples.end()) / 1000;
}

// Hears which part of Parts() it got, and does with it what the test says.
class FakeRecognizer final : public Recognizer {
 public:
  using Listen = std::function<absl::Status(int part)>;
  explicit FakeRecognizer(
      Listen listen = [](int) { return absl::OkStatus(); }, size_t at_once = 1)
      : listen_(std::move(listen)), together_(at_once) {}

  chains::Task<RecognizeResponse> RunRemote(RecognizeRequest request) override {
    co_await together_.Meet();
    const int part = PartOf(request);
    co_await listen_(part);
    RecognizeResponse response;
    response.set_text(absl::StrCat("part ", part));
    response.set_language("English");
    response.set_language_code("en");
    co_return response;
  }

 private:
  Listen listen_;
  chainlets::Together together_;
};

std::vector<std::string> Texts(const TranscribeResponse& response) {
  std::vector<std::string> texts;
  for (const Segment& segment : response.segments()) texts.push_back(segment.text());
  return texts;
}

// A chunk for each part.
TranscribeRequest RequestFor(std::string media) {
  TranscribeRequest request;
  request.set_media(std::move(media));
  request.mutable_params()->set_micro_chunk_size_sec(2.2);
  return request;
}

// The same answers, wherever the chainlets are.
class TranscribeChainTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  TranscribeChainTest() {
    chain_.Declare<Recognizer>();
    chain_.Add<ChunkTranscriber>(chains::Needs<Recognizer>{.attempts = 2});
    chain_.Add<Transcriber>(chains::Needs<MacroChunkWorker>{}).Entrypoint();
  }

  absl::StatusOr<TranscribeResponse> Call(FakeRecognizer& recognizer, TranscribeRequest request) {
    chains::LocalOptions options;
    options.fakes = {chains::Fake<Recognizer>(recognizer)};
    options.context.data_dir = data_dir_;
    auto running = chains::RunningChain::Start(chain_, GetParam(), std::move(options));
    if (!running.ok()) return running.status();
    return (*running)->Call(&Transcribe::RunRemote, std::move(request));
  }
  absl::Status Failure(TranscribeRequest request) {
    FakeRecognizer recognizer;
    return Call(recognizer, std::move(request)).status();
  }

  std::filesystem::path data_dir_;
  chains::Chain chain_{"transcribe"};
};

INSTANTIATE_TEST_SUITE_P(Everywhere, TranscribeChainTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(TranscribeChainTest, AnswersSegmentsInOrderWithTheirTimes) {
  FakeRecognizer recognizer;
  const TranscribeResponse response = Call(recognizer, RequestFor(Parts(3))).value();
  EXPECT_THAT(Texts(response), ElementsAre("part 1", "part 2", "part 3"));
  EXPECT_EQ(response.input_duration_sec(), 5);
  EXPECT_GT(response.processing_duration_sec(), 0);
  EXPECT_DOUBLE_EQ(response.speedup(), 5 / response.processing_duration_sec());
  double end = 0;
  for (const Segment& segment : response.segments()) {
    EXPECT_EQ(segment.start_time_sec(), end);
    EXPECT_GT(segment.end_time_sec(), end);
    EXPECT_EQ(segment.language(), "English");
    EXPECT_EQ(segment.language_code(), "en");
    end = segment.end_time_sec();
  }
  EXPECT_EQ(end, 5);
}

TEST_P(TranscribeChainTest, SendsAllChunksAtOnce) {
  FakeRecognizer recognizer([](int) { return absl::OkStatus(); }, 8);
  EXPECT_EQ(Call(recognizer, RequestFor(Parts(8)))->segments_size(), 8);
}

TEST_P(TranscribeChainTest, KeepsTheOtherSegmentsWhenOneChunkFails) {
  FakeRecognizer recognizer([](int part) {
    return part == 2 ? absl::InternalError("cannot make it out") : absl::OkStatus();
  });
  const TranscribeResponse response = Call(recognizer, RequestFor(Parts(4))).value();
  EXPECT_THAT(Texts(response), ElementsAre("part 1", "", "part 3", "part 4"));
  for (const Segment& segment : response.segments()) {
    EXPECT_EQ(segment.has_error(), segment.text().empty());
  }
  EXPECT_EQ(response.segments(1).error().code(), "INTERNAL");
  EXPECT_EQ(response.segments(1).error().message(), "cannot make it out");
}

TEST_P(TranscribeChainTest, TriesAChunkTwice) {
  std::set<int> failed;
  FakeRecognizer recognizer([&failed](int part) {
    return failed.insert(part).second ? absl::UnavailableError("not now") : absl::OkStatus();
  });
  EXPECT_THAT(Texts(Call(recognizer, RequestFor(Parts(3))).value()),
              ElementsAre("part 1", "part 2", "part 3"));
}

TEST_P(TranscribeChainTest, FailsWhenEveryChunkDoes) {
  FakeRecognizer recognizer([](int) { return absl::FailedPreconditionError("no model"); });
  const absl::Status status = Call(recognizer, RequestFor(Parts(3))).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "no model");
}

TEST_P(TranscribeChainTest, AnswersAnEmptyRecordingWithoutSegments) {
  FakeRecognizer recognizer;
  const TranscribeResponse response = Call(recognizer, RequestFor(ToWav({}))).value();
  EXPECT_EQ(response.segments_size(), 0);
  EXPECT_EQ(response.input_duration_sec(), 0);
  EXPECT_EQ(response.speedup(), 0);
}

TEST_P(TranscribeChainTest, SaysWhatIsWrongWithARequest) {
  EXPECT_EQ(Failure(TranscribeRequest()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Failure(TranscribeRequest()).message()),
              HasSubstr("media, media_path and media_url are missing"));
  EXPECT_EQ(Failure(RequestFor("")).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Failure(RequestFor("no audio")).code(), absl::StatusCode::kInvalidArgument);
  TranscribeRequest request = RequestFor(Parts(1));
  request.mutable_params()->set_micro_chunk_size_sec(0);
  EXPECT_THAT(std::string(Failure(request).message()),
              HasSubstr("params.micro_chunk_size_sec is 0"));
}

TEST_P(TranscribeChainTest, ReadsFilesFromTheDataDirectoryOnly) {
  TranscribeRequest request;
  request.set_media_path("parts.wav");
  EXPECT_EQ(Failure(request).code(), absl::StatusCode::kPermissionDenied);

  std::string name = (std::filesystem::temp_directory_path() / "transcribe_test.XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  data_dir_ = std::filesystem::path(name) / "allowed";
  std::filesystem::create_directory(data_dir_);
  ASSERT_TRUE(WriteFile(data_dir_ / "parts.wav", Parts(2)).ok());
  ASSERT_TRUE(WriteFile(data_dir_.parent_path() / "secret.wav", Parts(2)).ok());
  EXPECT_EQ(Failure(request), absl::OkStatus());
  request.set_media_path("../secret.wav");
  EXPECT_EQ(Failure(request).code(), absl::StatusCode::kPermissionDenied);
  request.set_media_path("nothing.wav");
  EXPECT_EQ(Failure(request).code(), absl::StatusCode::kNotFound);
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace transcribe
