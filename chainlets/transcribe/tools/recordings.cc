#include "tools/recordings.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "media/reader.h"

namespace transcribe {
namespace {

namespace fs = std::filesystem;

// A line of a transcription file: `<s> what is said </s> (name)`.
absl::StatusOr<KnownRecording> ParseLine(const fs::path& folder, absl::string_view line) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits("</s>", 1));
  if (parts.size() != 2 || !absl::ConsumePrefix(&line, "<s>")) {
    return absl::InvalidArgumentError(absl::StrCat("no line of a transcription: ", line));
  }
  absl::string_view name = absl::StripAsciiWhitespace(parts[1]);
  if (!absl::ConsumePrefix(&name, "(") || !absl::ConsumeSuffix(&name, ")")) {
    return absl::InvalidArgumentError(absl::StrCat("no name in parentheses: ", line));
  }
  const absl::string_view said = absl::StripAsciiWhitespace(absl::StripPrefix(parts[0], "<s>"));
  return KnownRecording{.path = folder / absl::StrCat(name, ".wav"),
                        .reference = std::string(said)};
}

void AppendNumber(std::string& out, uint32_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(number >> (8 * i)));
}

}  // namespace

absl::StatusOr<std::vector<KnownRecording>> FindRecordings(const fs::path& data) {
  std::vector<KnownRecording> recordings;
  for (const char* transcription : {"cards/cards.transcription", "librivox/transcription"}) {
    const fs::path path = data / transcription;
    absl::StatusOr<std::string> lines = ReadFile(path);
    if (!lines.ok()) return lines.status();
    for (absl::string_view line : absl::StrSplit(*lines, '\n', absl::SkipWhitespace())) {
      absl::StatusOr<KnownRecording> recording = ParseLine(path.parent_path(), line);
      if (!recording.ok()) return recording.status();
      recordings.push_back(*std::move(recording));
    }
  }
  return recordings;
}

absl::StatusOr<Joined> JoinRecordings(const std::vector<KnownRecording>& recordings,
                                      double seconds) {
  Joined once;
  for (const KnownRecording& recording : recordings) {
    absl::StatusOr<std::string> file = ReadFile(recording.path);
    if (!file.ok()) return file.status();
    absl::StatusOr<Samples> samples = DecodeAudio(*file, MediaLimits());
    if (!samples.ok()) return samples.status();
    once.samples.insert(once.samples.end(), samples->begin(), samples->end());
    absl::StrAppend(&once.reference, recording.reference, "\n");
  }
  if (once.samples.empty()) return absl::NotFoundError("no recordings");
  Joined joined;
  while (Seconds(joined.samples.size()) < seconds) {
    joined.samples.insert(joined.samples.end(), once.samples.begin(), once.samples.end());
    joined.reference += once.reference;
  }
  return joined;
}

std::string ToWav(const Samples& samples) {
  constexpr uint32_t kBytes = sizeof(int16_t);
  const std::string pcm = ToPcm(samples);
  std::string wav = "RIFF";
  AppendNumber(wav, static_cast<uint32_t>(36 + pcm.size()), 4);
  wav += "WAVEfmt ";
  AppendNumber(wav, 16, 4);  // size of what follows up to "data"
  AppendNumber(wav, 1, 2);   // PCM
  AppendNumber(wav, 1, 2);   // channels
  AppendNumber(wav, kSampleRate, 4);
  AppendNumber(wav, kSampleRate * kBytes, 4);
  AppendNumber(wav, kBytes, 2);
  AppendNumber(wav, 8 * kBytes, 2);
  wav += "data";
  AppendNumber(wav, static_cast<uint32_t>(pcm.size()), 4);
  return wav + pcm;
}

absl::StatusOr<std::string> ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string contents((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path.string()));
  return contents;
}

absl::Status WriteFile(const fs::path& path, const std::string& contents) {
  std::ofstream file(path, std::ios::binary);
  file << contents << std::flush;
  if (!file) return absl::UnavailableError(absl::StrCat("cannot write ", path.string()));
  return absl::OkStatus();
}

}  // namespace transcribe
