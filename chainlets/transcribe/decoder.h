// A Decoder turns one chunk of speech into text; PocketSphinx is behind the real one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace transcribe {

// Used by one thread at a time; any thread.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // The words in `samples` (see audio.h), separated by blanks; none for silence. The answer depends
  // on `samples` only, not on what was decoded before.
  virtual absl::StatusOr<std::string> Decode(std::span<const int16_t> samples) = 0;
};

// Loads PocketSphinx with the US English model in `model_dir` (of the Debian package
// pocketsphinx-en-us); up to a second and 100 MB. FAILED_PRECONDITION names what is missing there.
absl::StatusOr<std::unique_ptr<Decoder>> LoadPocketSphinx(const std::string& model_dir);

}  // namespace transcribe
