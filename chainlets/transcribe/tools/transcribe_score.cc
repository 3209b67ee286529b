// Makes a long recording with a known text, and says how well it was transcribed.
//
//   transcribe_score join FOLDER            writes FOLDER/recordings.wav and FOLDER/reference.txt:
//   all
//                                           recordings of pocketsphinx-testdata that come with a
//                                           text, repeated to last 60 s
//   transcribe_score score FOLDER RESPONSE  RESPONSE is the chain's answer in JSON: prints its
//   segments
//                                           and its word error rate beside that of PocketSphinx's
//                                           own tool on the single recordings. Exits 1 when there
//                                           are less than 8 segments, one is out of order or
//                                           failed, or the rate is more than 3 points above the
//                                           tool's.
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/recordings.h"
#include "tools/run_program.h"
#include "tools/word_error_rate.h"
#include "transcribe.pb.h"

namespace transcribe {
namespace {

constexpr double kSeconds = 60;
constexpr int kFewestSegments = 8;
constexpr double kMorePoints = 3;

absl::Status Join(const std::filesystem::path& folder) {
  absl::StatusOr<std::vector<KnownRecording>> recordings =
      FindRecordings(POCKETSPHINX_TESTDATA_DIR);
  if (!recordings.ok()) return recordings.status();
  absl::StatusOr<Joined> joined = JoinRecordings(*recordings, kSeconds);
  if (!joined.ok()) return joined.status();
  absl::Status status = WriteFile(folder / "reference.txt", joined->reference);
  status.Update(WriteFile(folder / "recordings.wav", ToWav(joined->samples)));
  return status;
}

absl::StatusOr<WordErrors> ErrorsOfTheTool() {
  absl::StatusOr<std::vector<KnownRecording>> recordings =
      FindRecordings(POCKETSPHINX_TESTDATA_DIR);
  if (!recordings.ok()) return recordings.status();
  WordErrors errors;
  for (const KnownRecording& recording : *recordings) {
    absl::StatusOr<std::string> words =
        RunProgram({"pocketsphinx_continuous", "-infile", recording.path.string()});
    if (!words.ok()) return words.status();
    errors += CountWordErrors(recording.reference, *words);
  }
  return errors;
}

absl::StatusOr<TranscribeResponse> ReadResponse(const std::filesystem::path& path) {
  absl::StatusOr<std::string> json = ReadFile(path);
  if (!json.ok()) return json.status();
  TranscribeResponse response;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto parsed = google::protobuf::util::JsonStringToMessage(*json, &response, options);
  if (!parsed.ok()) return absl::InvalidArgumentError(absl::StrCat("no transcript: ", *json));
  return response;
}

// Prints the segments; says what is wrong with them.
absl::Status CheckSegments(const TranscribeResponse& response) {
  double end = 0;
  for (const Segment& segment : response.segments()) {
    absl::PrintF(
        "  %6.2f – %6.2f s  %s\n", segment.start_time_sec(), segment.end_time_sec(),
        segment.has_error() ? absl::StrCat("[", segment.error().message(), "]") : segment.text());
    if (segment.has_error()) return absl::InternalError("a segment failed");
    if (segment.start_time_sec() < end) return absl::InternalError("segments are out of order");
    end = segment.end_time_sec();
  }
  if (response.segments_size() < kFewestSegments) return absl::InternalError("too few segments");
  return absl::OkStatus();
}

absl::Status Score(const std::filesystem::path& folder, const std::filesystem::path& path) {
  absl::StatusOr<TranscribeResponse> response = ReadResponse(path);
  if (!response.ok()) return response.status();
  if (absl::Status status = CheckSegments(*response); !status.ok()) return status;
  absl::PrintF("%d segments; %.1f s of speech in %.1f s: %.1f times as fast as it was spoken\n",
               response->segments_size(), response->input_duration_sec(),
               response->processing_duration_sec(), response->speedup());

  absl::StatusOr<std::string> reference = ReadFile(folder / "reference.txt");
  if (!reference.ok()) return reference.status();
  std::string transcript;
  for (const Segment& segment : response->segments()) {
    absl::StrAppend(&transcript, segment.text(), " ");
  }
  const WordErrors chain = CountWordErrors(*reference, transcript);
  absl::StatusOr<WordErrors> tool = ErrorsOfTheTool();
  if (!tool.ok()) return tool.status();
  absl::PrintF("word error rate: %.1f %% (%d of %d words)\n", chain.Percent(), chain.errors,
               chain.words);
  absl::PrintF("pocketsphinx_continuous on the single recordings: %.1f %% (%d of %d words)\n",
               tool->Percent(), tool->errors, tool->words);
  if (chain.Percent() > tool->Percent() + kMorePoints) {
    return absl::InternalError("the word error rate is too high");
  }
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& arguments) {
  absl::Status status = absl::InvalidArgumentError(
      "usage: transcribe_score join FOLDER | transcribe_score score FOLDER RESPONSE");
  if (arguments.size() == 2 && arguments[0] == "join") status = Join(arguments[1]);
  if (arguments.size() == 3 && arguments[0] == "score") status = Score(arguments[1], arguments[2]);
  if (status.ok()) return 0;
  absl::FPrintF(stderr, "transcribe_score: %s\n", std::string(status.message()));
  return 1;
}

}  // namespace
}  // namespace transcribe

int main(int argc, char** argv) {
  return transcribe::Main(std::vector<std::string>(argv + 1, argv + argc));
}
