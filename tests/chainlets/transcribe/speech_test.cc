// Real speech through the whole chain.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "chains/chain/running_chain.h"
#include "tools/recordings.h"
#include "tools/run_program.h"
#include "tools/word_error_rate.h"
#include "transcribe_chain.h"

namespace transcribe {
namespace {

WordErrors ErrorsOfThePocketSphinxTool(const std::vector<KnownRecording>& recordings) {
  WordErrors errors;
  for (const KnownRecording& recording : recordings) {
    const absl::StatusOr<std::string> words =
        RunProgram({"pocketsphinx_continuous", "-infile", recording.path.string()});
    EXPECT_TRUE(words.ok()) << words.status();
    if (words.ok()) errors += CountWordErrors(recording.reference, *words);
  }
  return errors;
}

TEST(SpeechTest, IsUnderstoodAsWellAsByPocketSphinxOwnTool) {
  chains::Chain chain("transcribe");
  chain.Add<PocketSphinxRecognizer>(
      chains::Shared<DecoderPool>([](const chains::DeploymentContext&) {
        return std::make_unique<DecoderPool>(
            [] { return LoadPocketSphinx(POCKETSPHINX_MODEL_DIR); }, 2);
      }));
  chain.Add<ChunkTranscriber>(chains::Needs<Recognizer>{.attempts = 2});
  chain.Add<Transcriber>(chains::Needs<MacroChunkWorker>{}).Entrypoint();
  auto running = chains::RunningChain::Start(chain, chains::Placement::kGrpc);
  ASSERT_TRUE(running.ok()) << running.status();

  const std::vector<KnownRecording> recordings = FindRecordings(POCKETSPHINX_TESTDATA_DIR).value();
  const Joined joined = JoinRecordings(recordings, 60).value();
  TranscribeRequest request;
  request.set_media(ToWav(joined.samples));
  const TranscribeResponse response =
      (*running)->Call(&Transcribe::RunRemote, std::move(request)).value();

  EXPECT_GE(response.segments_size(), 8);
  std::string transcript;
  for (const Segment& segment : response.segments()) {
    EXPECT_FALSE(segment.has_error()) << segment.error().message();
    absl::StrAppend(&transcript, segment.text(), " ");
  }
  EXPECT_LE(CountWordErrors(joined.reference, transcript).Percent(),
            ErrorsOfThePocketSphinxTool(recordings).Percent() + 3);
}

}  // namespace
}  // namespace transcribe
