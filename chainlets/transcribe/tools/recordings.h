// The recordings of the Debian package pocketsphinx-testdata that come with what was said.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audio.h"

namespace transcribe {

struct KnownRecording {
  std::filesystem::path path;  // of a WAV file
  std::string reference;       // what is said
};

// In the package's folder `data`, always in the same order. NOT_FOUND when a file is missing.
absl::StatusOr<std::vector<KnownRecording>> FindRecordings(const std::filesystem::path& data);

struct Joined {
  Samples samples;
  std::string reference;
};

// One after the other, all of them as often as it takes to last `seconds`.
absl::StatusOr<Joined> JoinRecordings(const std::vector<KnownRecording>& recordings,
                                      double seconds);

// A WAV file of mono samples at kSampleRate.
std::string ToWav(const Samples& samples);

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path);
absl::Status WriteFile(const std::filesystem::path& path, const std::string& contents);

}  // namespace transcribe
