// Any bytes to the decoders of Content-Encoding, whole and in pieces: both come to the same end,
// and never to more than was allowed.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/body/decoder.h"

namespace chains::gateway {
namespace {

constexpr size_t kMost = 1 << 20;
constexpr const char* kBad = "bad";
constexpr const char* kLarge = "large";

std::string DecodedInPieces(std::string_view bytes, Encoding encoding, size_t piece, size_t room) {
  const std::unique_ptr<Decoder> decoder = Decoder::Of(encoding);
  std::string plain;
  while (!bytes.empty()) {
    std::string_view in = bytes.substr(0, piece);
    bytes.remove_prefix(in.size());
    for (bool full = true; full || !in.empty();) {
      std::string out;
      if (!decoder->Step(in, out, room).ok()) return kBad;
      if (out.size() > room) std::abort();
      full = out.size() == room;
      plain += out;
      if (plain.size() > kMost) return kLarge;
    }
  }
  return decoder->whole() ? plain : kBad;
}

}  // namespace
}  // namespace chains::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace gateway = chains::gateway;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto encoding : {gateway::Encoding::kGzip, gateway::Encoding::kZstd}) {
    const absl::StatusOr<std::string> whole = gateway::Decode(bytes, encoding, gateway::kMost);
    const std::string pieces = gateway::DecodedInPieces(bytes, encoding, 1, 100);
    if (pieces == gateway::kLarge || absl::IsResourceExhausted(whole.status())) continue;
    if (whole.value_or(gateway::kBad) != pieces) std::abort();
  }
  return 0;
}
