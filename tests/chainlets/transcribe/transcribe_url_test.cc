// The whole chain, with a recognizer that knows by the loudness which part of a recording it hears,
// and recordings on a server, in pieces, or damaged.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "chains/chain/running_chain.h"
#include "chains/testing/placements.h"
#include "file_server.h"
#include "tools/recordings.h"
#include "transcribe_chain.h"

namespace transcribe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Request = FileServer::Request;

// Half a second of sound for each part, and as much of silence behind it; part N is N hundred loud.
std::string Parts(int count) {
  Samples samples;
  for (int part = 1; part <= count; ++part) {
    for (int i = 0; i < kSampleRate / 2; ++i) {
      samples.push_back(static_cast<int16_t>(i % 2 == 0 ? 100 * part : -100 * part));
    }
    samples.insert(samples.end(), kSampleRate / 2, 0);
  }
  return ToWav(samples);
}

// The parts that it hears, like "part1 part2".
class PartRecognizer final : public Recognizer {
 public:
  using Listen = std::function<absl::Status(const std::string& parts)>;
  explicit PartRecognizer(Listen listen = [](const std::string&) { return absl::OkStatus(); })
      : listen_(std::move(listen)) {}

  chains::Task<RecognizeResponse> RunRemote(RecognizeRequest request) override {
    std::string parts;
    int before = 0;
    const Samples samples = FromPcm(request.pcm()).value();
    for (int16_t sample : samples) {
      const int part = std::abs(int{sample}) / 100;
      if (part != 0 && part != before)
        absl::StrAppend(&parts, parts.empty() ? "" : " ", "part", part);
      before = part;
    }
    co_await listen_(parts);
    RecognizeResponse response;
    response.set_text(parts);
    co_return response;
  }

 private:
  const Listen listen_;
};

std::string TextOf(const TranscribeResponse& response) {
  std::string text;
  for (const Segment& segment : response.segments()) {
    if (!segment.text().empty()) absl::StrAppend(&text, text.empty() ? "" : " ", segment.text());
  }
  return text;
}

std::string AllParts(int count) {
  std::string parts;
  for (int i = 1; i <= count; ++i) absl::StrAppend(&parts, i == 1 ? "" : " ", "part", i);
  return parts;
}

// Chunks of three parts at most, macro chunks of ten.
TranscribeRequest ForUrl(const std::string& url) {
  TranscribeRequest request;
  request.set_media_url(url);
  request.mutable_params()->set_micro_chunk_size_sec(3);
  request.mutable_params()->set_macro_chunk_size_sec(10);
  return request;
}

class TranscribeUrlTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  TranscribeUrlTest() {
    chain_.Declare<Recognizer>();
    chain_.Add<ChunkTranscriber>(
        chains::Needs<Recognizer>{},
        chains::Settings{.variables = {{kMediaNetworks, networks_}, {kMediaCaFile, ""}}});
    chain_
        .Add<Transcriber>(
            chains::Needs<MacroChunkWorker>{},
            chains::Settings{.variables = {{kMediaNetworks, networks_}, {kMediaCaFile, ""}}})
        .Entrypoint();
  }

  std::unique_ptr<chains::RunningChain> Start() {
    chains::LocalOptions options;
    options.fakes = {chains::Fake<Recognizer>(recognizer_)};
    auto running = chains::RunningChain::Start(chain_, GetParam(), std::move(options));
    EXPECT_TRUE(running.ok()) << running.status();
    return *std::move(running);
  }
  absl::StatusOr<TranscribeResponse> Call(TranscribeRequest request) {
    return Start()->Call(&Transcribe::RunRemote, std::move(request));
  }

  const std::string networks_ = "127.0.0.1";
  chains::Chain chain_{"transcribe"};
  PartRecognizer recognizer_;
};

INSTANTIATE_TEST_SUITE_P(Everywhere, TranscribeUrlTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(TranscribeUrlTest, FetchesTheFileOnceForAllMacroChunks) {
  const std::string file = Parts(60);
  std::atomic<uint64_t> served = 0;
  const FileServer server([&](const Request& request) { return Ranges(file, request, &served); });
  const TranscribeResponse response = Call(ForUrl(server.Url())).value();
  EXPECT_EQ(TextOf(response), AllParts(60));
  EXPECT_EQ(response.input_duration_sec(), 60);
  EXPECT_EQ(response.failed_segments(), 0);
  EXPECT_GE(served, file.size());
  EXPECT_LE(served, file.size() * 11 / 10);
  double end = 0;
  for (const Segment& segment : response.segments()) {
    EXPECT_EQ(segment.start_time_sec(), end);
    end = segment.end_time_sec();
  }
}

// What lies at the end is not served before the first segment is there: who waits for it waits in
// vain.
TEST_P(TranscribeUrlTest, SaysTheFirstSegmentBeforeTheLastIsFetched) {
  const std::string file = Parts(60);
  std::mutex mutex;
  std::condition_variable changed;
  bool heard = false;
  const FileServer server([&](const Request& request) {
    if (request.range->second > file.size() * 2 / 3) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return heard; });
    }
    return Ranges(file, request);
  });
  auto collect = [&](chains::Stream<TranscribeEvent> events) -> chains::Task<std::string> {
    std::string text;
    while (std::optional<TranscribeEvent> event = co_await events.Next()) {
      if (!event->has_segment()) continue;
      absl::StrAppend(&text, text.empty() ? "" : " ", event->segment().text());
      std::lock_guard lock(mutex);
      heard = true;
      changed.notify_all();
    }
    co_return text;
  };
  const auto running = Start();
  EXPECT_EQ(running
                ->Run<Transcribe>([&](Transcribe& transcribe) {
                  return collect(transcribe.StreamSegments(ForUrl(server.Url())));
                })
                .value(),
            AllParts(60));
}

TEST_P(TranscribeUrlTest, ReadsAServerWithoutRangesOnce) {
  const std::string file = Parts(30);
  std::atomic<uint64_t> served = 0;
  const FileServer server([&](const Request&) { return Whole(file, &served); });
  EXPECT_EQ(TextOf(Call(ForUrl(server.Url())).value()), AllParts(30));
  EXPECT_EQ(served, file.size());
}

TEST_P(TranscribeUrlTest, SaysOnceWhatMacroChunksBothHeard) {
  const std::string file = Parts(40);
  const FileServer server([&](const Request& request) { return Ranges(file, request); });
  for (bool by_url : {true, false}) {
    TranscribeRequest request = ForUrl(server.Url());
    if (!by_url) request.set_media(file);
    request.mutable_params()->set_macro_chunk_overlap_sec(2.3);
    const TranscribeResponse response = Call(request).value();
    EXPECT_EQ(TextOf(response), AllParts(40)) << by_url;
    EXPECT_EQ(response.input_duration_sec(), 40);
  }
}

// From some point on the server has nothing more to give: the rest is there.
TEST_P(TranscribeUrlTest, KeepsWhatWasHeardWhenTheServerFails) {
  const std::string file = Parts(40);
  const FileServer server([&](const Request& request) {
    return request.range->second > file.size() * 3 / 4 ? Status(404) : Ranges(file, request);
  });
  const TranscribeResponse response = Call(ForUrl(server.Url())).value();
  EXPECT_THAT(TextOf(response), HasSubstr(AllParts(20)));
  ASSERT_GE(response.failed_segments(), 1);
  const Segment& last = response.segments(response.segments_size() - 1);
  EXPECT_EQ(last.error().code(), "NOT_FOUND");
  EXPECT_EQ(last.end_time_sec(), 40);

  TranscribeRequest all_or_nothing = ForUrl(server.Url());
  all_or_nothing.mutable_params()->set_allow_partial(false);
  EXPECT_EQ(Call(all_or_nothing).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(TranscribeUrlTest, SaysWhatIsWrongWithAUrl) {
  const auto code = [&](const std::string& url) { return Call(ForUrl(url)).status().code(); };
  EXPECT_EQ(code("file:///etc/passwd"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("http://169.254.169.254/latest"), absl::StatusCode::kPermissionDenied);
  const FileServer empty([](const Request& request) { return Ranges("", request); });
  EXPECT_EQ(code(empty.Url()), absl::StatusCode::kInvalidArgument);
  const FileServer page([](const Request&) { return Whole("<html><body>no recording</body>"); });
  EXPECT_EQ(code(page.Url()), absl::StatusCode::kInvalidArgument);
}

// Playlists name other files and addresses.
TEST_P(TranscribeUrlTest, OpensNothingThatAFileNames) {
  std::atomic<int> others = 0;
  std::string playlist;
  const FileServer server([&](const Request& request) {
    if (request.path != "/media") ++others;
    return request.path == "/media" ? Whole(playlist) : Whole(Parts(2));
  });
  for (const std::string& text : std::vector<std::string>{
           "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n" + server.Url("/other.ts") + "\n",
           "ffconcat version 1.0\nfile " + server.Url("/other.wav") + "\n",
           "ffconcat version 1.0\nfile /etc/passwd\n",
           "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP "
           "0\n"}) {
    playlist = text;
    EXPECT_EQ(Call(ForUrl(server.Url())).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_EQ(others, 0);
}

chains::Stream<MediaPart> Pieces(std::string file, size_t size, TranscribeParams params) {
  for (size_t i = 0; i < file.size(); i += size) {
    MediaPart part;
    part.set_data(file.substr(i, size));
    if (i == 0) *part.mutable_params() = params;
    co_yield std::move(part);
  }
}

chains::Task<TranscribeResponse> Gather(chains::Stream<TranscribeEvent> events) {
  TranscribeResponse response;
  std::optional<TranscribeEvent> last;
  while (std::optional<TranscribeEvent> event = co_await events.Next()) {
    if (!last.has_value()) {
      EXPECT_EQ(event->media().codec(), "pcm_s16le");
    }
    if (event->has_segment()) *response.add_segments() = event->segment();
    last = std::move(event);
  }
  EXPECT_EQ(last->summary().segments(), response.segments_size());
  response.set_input_duration_sec(last->summary().input_duration_sec());
  co_return response;
}

TEST_P(TranscribeUrlTest, TakesARecordingInPieces) {
  const auto running = Start();
  const auto upload = [&](const std::string& file) {
    return running->Run<Transcribe>([&](Transcribe& transcribe) {
      return Gather(transcribe.Upload(Pieces(file, 10'000, ForUrl("").params())));
    });
  };
  const TranscribeResponse response = upload(Parts(25)).value();
  EXPECT_EQ(TextOf(response), AllParts(25));
  EXPECT_EQ(response.input_duration_sec(), 25);
  EXPECT_EQ(upload("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(upload("no recording").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(TranscribeUrlTest, AFileMayBeShorterThanItSays) {
  std::string file = Parts(40);
  file.resize(file.size() * 55 / 100);
  const FileServer server([&](const Request& request) { return Ranges(file, request); });
  const TranscribeResponse response = Call(ForUrl(server.Url())).value();
  EXPECT_EQ(TextOf(response), AllParts(22));
  EXPECT_EQ(response.failed_segments(), 0);
}

}  // namespace
}  // namespace transcribe
