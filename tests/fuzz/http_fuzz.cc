// Any bytes to the HTTP parser, whole and in pieces: both must come to the same end.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/http/request_parser.h"

namespace chains::gateway {
namespace {

constexpr RequestParser::Limits kLimits{.max_head_bytes = 512, .max_body_bytes = 256};

// What a connection does with a parser: every request of `bytes`, and how it ended.
std::string Transcript(std::string_view bytes, size_t piece) {
  RequestParser parser(kLimits);
  std::string transcript;
  size_t taken = 0;
  size_t offered = 0;
  while (!parser.problem()) {
    const bool had_head = parser.has_head();
    const size_t step = parser.Feed(bytes.substr(taken, offered - taken));
    taken += step;
    if (taken > offered) std::abort();
    if (parser.done()) {
      const Request request = parser.Take();
      transcript += request.head.method + " " + request.head.target + " " + request.body + "\n";
    } else if (step == 0 && parser.has_head() == had_head) {
      if (offered == bytes.size()) break;
      offered += std::min(piece, bytes.size() - offered);
    }
    if (!parser.problem() && parser.has_head() && parser.body_bytes() > kLimits.max_body_bytes)
      std::abort();
  }
  return transcript;
}

}  // namespace
}  // namespace chains::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = chains::gateway::Transcript(bytes, size + 1);
  // A limit may be noticed earlier in pieces; what was answered before is the same.
  const std::string pieces = chains::gateway::Transcript(bytes, 1);
  if (whole.compare(0, pieces.size(), pieces) != 0 && pieces.compare(0, whole.size(), whole) != 0)
    std::abort();
  return 0;
}
