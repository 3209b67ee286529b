// The head of a response as it goes over the wire. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/http/message.h"

namespace chains::gateway {

// Whether a response of this status has a body, and says how long that is.
bool HasBody(int status);

// How a client learns where the body ends.
enum class Framing { kLength, kChunked, kUntilClose };

// Status line and headers, the empty line included. `date` as HTTP has it. Of the response's own
// headers those are left out that the server sets. `length` is of kLength.
std::string HeadOf(const Response& response, std::string_view date, bool keep_alive,
                   Framing framing, uint64_t length);

// One piece of a kChunked body, which is not empty, and what ends it.
std::string ChunkOf(std::string_view piece);
std::string LastChunk(const HttpHeaders& trailers);

}  // namespace chains::gateway
