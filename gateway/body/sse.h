// Server-sent events, as the WHATWG HTML standard has them (section 9.2): what a stream's items,
// its end and its failure are to an EventSource. Pure.
//
//   SseItem(1, R"({"word":"a"})")   // "id: 1\ndata: {"word":"a"}\n\n"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chains::gateway {

inline constexpr std::string_view kSseType = "text/event-stream";

// Behind the last event its id is this, so an EventSource that comes again, because it takes the
// end for a fault of the network, sends it as Last-Event-ID: it is answered 204, and stays away.
inline constexpr std::string_view kSseLastId = "end";

// `json` of these is one line. Items are counted from 1.
std::string SseItem(uint64_t number, std::string_view json);
std::string SseEnd();
// The last event of a stream that failed: `event: error`.
std::string SseError(std::string_view json);
// A comment, which keeps a silent connection open.
std::string SseHeartbeat();

}  // namespace chains::gateway
