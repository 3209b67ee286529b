// Any body to the splitters, whole and in pieces: both must come to the same end, within bounds.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/body/accept.h"
#include "gateway/body/delimited.h"
#include "gateway/body/elements.h"
#include "gateway/body/lines.h"
#include "gateway/body/query.h"
#include "tests/gateway/body/split.h"

namespace chains::gateway {
namespace {

constexpr size_t kLimit = 64;

template <typename Splitter>
void SplitsAlike(std::string_view bytes) {
  const auto whole = Split(Splitter(kLimit), {std::string(bytes)});
  if (whole != Split(Splitter(kLimit), ByteByByte(bytes))) std::abort();
  const size_t half = bytes.size() / 2;
  if (whole != Split(Splitter(kLimit),
                     {std::string(bytes.substr(0, half)), std::string(bytes.substr(half))})) {
    std::abort();
  }
}

void TakeApart(std::string_view bytes) {
  ElementSplitter elements(bytes);
  size_t seen = 0;
  while (true) {
    const auto element = elements.Next();
    if (!element.ok() || !*element) break;
    seen += (*element)->size();
    if ((*element)->empty() || seen > bytes.size()) std::abort();
  }
}

}  // namespace
}  // namespace chains::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using chains::gateway::DelimitedSplitter;
  using chains::gateway::LineSplitter;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  chains::gateway::SplitsAlike<LineSplitter>(bytes);
  chains::gateway::SplitsAlike<DelimitedSplitter>(bytes);
  chains::gateway::TakeApart(bytes);
  constexpr std::string_view kTypes[] = {"application/json", "text/event-stream"};
  const auto best = chains::gateway::BestType(bytes, kTypes);
  if (best && *best > 1) std::abort();
  (void)chains::gateway::QueryOf(bytes);
  return 0;
}
