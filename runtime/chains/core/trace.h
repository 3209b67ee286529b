// Ids of traces and spans, as W3C Trace Context has them. Random, not secret; any thread.
#pragma once

#include <string>
#include <string_view>

namespace chains::internal {

// 32 hexadecimal digits, not all zero.
std::string NewTraceId();
// 16 of them.
std::string NewSpanId();
// "00-<trace id>-<a new span>-01".
std::string NewTraceparent(std::string_view trace_id);
// The trace id in it.
std::string_view TraceIdIn(std::string_view traceparent);

}  // namespace chains::internal
