// What a stranger may send beside a request as traceparent, tracestate and baggage.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "chains/core/baggage.h"
#include "chains/core/trace.h"

namespace chains::internal {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); });
}

void TryTraceparent(std::string_view text) {
  const Traceparent read = ReadTraceparent(text);
  if (read.trace.empty()) return;
  const Traceparent again = ReadTraceparent(TraceparentOf(read.trace, read.parent, read.sampled));
  Check(again.trace.high == read.trace.high && again.trace.low == read.trace.low);
  Check(again.parent == read.parent && again.sampled == read.sampled && again.parent != 0);
  Check(TraceIdOf(BytesOf(read.trace)).low == read.trace.low);
  Check(ToString(ParseTraceId(ToString(read.trace))) == text.substr(3, 32));
}

// What is handed on is nothing that a header could not carry.
void TryLists(std::string_view text) {
  for (const bool passes : {IsTracestate(text), IsBaggage(text)}) {
    Check(!passes || (!text.empty() && text.size() <= kMaxTraceListBytes && IsPrintable(text)));
  }
}

}  // namespace
}  // namespace chains::internal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  chains::internal::TryTraceparent(text);
  chains::internal::TryLists(text);
  return 0;
}
