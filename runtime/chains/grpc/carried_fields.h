// The fields of a carrier's messages, by their numbers in chains/v1/wire_carrier.proto, as
// protobuf's wire format has them.
#pragma once

#include <cstdint>

namespace chains::internal::carried {

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };
constexpr uint32_t Tag(uint32_t number, WireType type) { return number << 3 | type; }

inline constexpr uint32_t kCalls = Tag(1, kLengthDelimited);
inline constexpr uint32_t kCancelled = Tag(2, kVarint);
inline constexpr uint32_t kCancelledPacked = Tag(2, kLengthDelimited);
inline constexpr uint32_t kCallId = Tag(1, kVarint);
inline constexpr uint32_t kPath = Tag(2, kLengthDelimited);
inline constexpr uint32_t kTimeout = Tag(3, kVarint);
inline constexpr uint32_t kTraceHigh = Tag(4, kFixed64);
inline constexpr uint32_t kTraceLow = Tag(5, kFixed64);
inline constexpr uint32_t kSpan = Tag(6, kFixed64);
inline constexpr uint32_t kSampled = Tag(7, kVarint);
inline constexpr uint32_t kPriority = Tag(8, kVarint);
inline constexpr uint32_t kFurtherAttempt = Tag(9, kVarint);
inline constexpr uint32_t kAsksLoad = Tag(10, kVarint);
inline constexpr uint32_t kAsksReceipt = Tag(11, kVarint);
inline constexpr uint32_t kAsksOwn = Tag(12, kVarint);
inline constexpr uint32_t kToldAbove = Tag(13, kVarint);
inline constexpr uint32_t kRecording = Tag(14, kLengthDelimited);
inline constexpr uint32_t kHeaders = Tag(15, kLengthDelimited);
inline constexpr uint32_t kRequest = Tag(16, kLengthDelimited);
inline constexpr uint32_t kHeaderName = Tag(1, kLengthDelimited);
inline constexpr uint32_t kHeaderValue = Tag(2, kLengthDelimited);
inline constexpr uint32_t kAnswers = Tag(1, kLengthDelimited);
inline constexpr uint32_t kLeaving = Tag(2, kVarint);
inline constexpr uint32_t kAnswerId = Tag(1, kVarint);
inline constexpr uint32_t kCode = Tag(2, kVarint);
inline constexpr uint32_t kMessage = Tag(3, kLengthDelimited);
inline constexpr uint32_t kDetails = Tag(4, kLengthDelimited);
inline constexpr uint32_t kReceipt = Tag(5, kLengthDelimited);
inline constexpr uint32_t kLoad = Tag(6, kVarint);
inline constexpr uint32_t kReply = Tag(16, kLengthDelimited);

}  // namespace chains::internal::carried
