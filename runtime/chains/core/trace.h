// Ids of traces and spans, as W3C Trace Context has them. Random, not secret; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chains::internal {

// Numbers, because most requests never show them: text would cost each of them 600 instructions.
struct TraceId {
  uint64_t high = 0;
  uint64_t low = 0;
  bool empty() const { return (high | low) == 0; }  // no trace; W3C has no id of zeros either
};

TraceId NewTraceId();
uint64_t NewSpanId();  // never 0

// 16 hexadecimal digits in lower case.
std::string HexDigits(uint64_t number);
// 32 of them; "" for no trace.
std::string ToString(TraceId id);
// Its 16 bytes, as spans have them.
std::string BytesOf(TraceId id);
// "00-<trace id>-<span>-01", or "…-00" for a request that nobody traces.
std::string TraceparentOf(TraceId id, uint64_t span, bool sampled = true);

// Empty unless it is 32 hexadecimal digits in lower case.
TraceId ParseTraceId(std::string_view digits);

// Empty unless it is 16 bytes.
TraceId TraceIdOf(std::string_view bytes);

// What a `traceparent` header says.
struct Traceparent {
  TraceId trace;        // empty: it is not one
  uint64_t parent = 0;  // the span that called
  bool sampled = false;
};
Traceparent ReadTraceparent(std::string_view traceparent);
// Its trace id alone.
inline TraceId ParseTraceparent(std::string_view traceparent) {
  return ReadTraceparent(traceparent).trace;
}

}  // namespace chains::internal
