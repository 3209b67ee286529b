// Any bytes to the parser of multipart/form-data, whole and in pieces: both must come to the same
// end, and hold no more than they were fed. Headers are read on the way.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/body/header_value.h"
#include "gateway/body/multipart.h"

namespace chains::gateway {
namespace {

std::string Transcript(std::string_view body, size_t piece) {
  using Event = MultipartParser::Event;
  MultipartParser parser("b", {.max_parts = 4, .max_head_bytes = 100});
  std::string transcript;
  size_t data = 0;
  for (size_t at = 0;;) {
    const Event event = parser.Next();
    data += parser.data().size();
    transcript += parser.data();
    if (data > at) std::abort();
    if (event == Event::kPart) {
      transcript += "\n(" + parser.part().name + "," + parser.part().content_type + ")";
    } else if (event == Event::kPartEnd) {
      transcript += "\n.";
    } else if (event == Event::kEnd) {
      return transcript + "\nend";
    } else if (event == Event::kProblem) {
      return transcript + "\nproblem";
    } else if (event == Event::kMore && at == body.size()) {
      parser.End();
    } else if (event == Event::kMore) {
      parser.Feed(body.substr(at, piece));
      at += std::min(piece, body.size() - at);
    }
  }
}

}  // namespace
}  // namespace chains::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = chains::gateway::Transcript(bytes, size + 1);
  if (chains::gateway::Transcript(bytes, 1) != whole) std::abort();
  (void)chains::gateway::ParseHeaderValue(bytes);
  (void)chains::gateway::MultipartParser::BoundaryOf(bytes);
  return 0;
}
