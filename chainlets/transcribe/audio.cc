#include "audio.h"

#include <bit>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace transcribe {

static_assert(std::endian::native == std::endian::little, "PCM is copied as it lies in memory");

std::string ToPcm(std::span<const int16_t> samples) {
  return std::string(reinterpret_cast<const char*>(samples.data()), samples.size_bytes());
}

absl::StatusOr<Samples> FromPcm(std::string_view pcm) {
  if (pcm.size() % sizeof(int16_t) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("pcm: ", pcm.size(), " bytes are no whole number of 16 bit samples"));
  }
  Samples samples(pcm.size() / sizeof(int16_t));
  if (!samples.empty()) std::memcpy(samples.data(), pcm.data(), pcm.size());
  return samples;
}

}  // namespace transcribe
