// What is to be said of the spans of one trace. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/v1/platform.pb.h"
#include "chains/v1/telemetry.pb.h"

namespace chains::deploy {

// Failed for no fault of the caller's.
bool IsFault(uint32_t code);

// Cuts what is longer than it may be; false: it is no span.
bool MakeSane(v1::Span& span);

// Roughly what it takes in memory.
size_t BytesOf(const v1::Span& span);

// Parents before their children, by start; what has no parent here comes in its place by start. A
// span that came twice is there once.
std::vector<v1::Span> InOrder(std::vector<v1::Span> spans);

// Of spans that are in order, without `kept`. What is missing in the outermost span is taken from
// the first one.
v1::TraceSummary SummaryOf(const std::vector<v1::Span>& spans);

// Whether a parent is missing, or the outermost span is.
bool IsIncomplete(const std::vector<v1::Span>& spans);

// The outermost span; null where it has not come.
const v1::Span* OutermostOf(const std::vector<v1::Span>& spans);

// 32 hexadecimal digits to 16 bytes. INVALID_ARGUMENT: they are none.
absl::StatusOr<std::string> TraceIdFrom(const std::string& hexadecimal);
std::string ToHexadecimal(const std::string& trace_id);

}  // namespace chains::deploy
