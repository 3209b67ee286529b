// Any bytes as a recording: it is read to its end, or refused, within bounds; where the reader says
// that it finds a sample, it goes on there.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "media/reader.h"

namespace {

constexpr uint64_t kLongest = 20 * uint64_t{transcribe::kSampleRate};

void ReadToTheEnd(transcribe::MediaReader& reader) {
  while (true) {
    const uint64_t before = reader.position();
    const absl::StatusOr<transcribe::Samples> samples = reader.Read();
    if (!samples.ok() || samples->empty()) return;
    if (reader.position() < before || reader.position() > kLongest) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  transcribe::MemorySource source(std::string_view(reinterpret_cast<const char*>(data), size));
  transcribe::MediaLimits limits;
  limits.longest = absl::Seconds(20);
  limits.time = absl::Seconds(10);
  const auto reader = transcribe::MediaReader::Open(source, limits);
  if (!reader.ok()) return 0;
  ReadToTheEnd(**reader);
  if ((*reader)->about().seeks_exactly && (*reader)->Seek(size % 30'000).ok()) {
    ReadToTheEnd(**reader);
  }
  return 0;
}
