// Limits of what travels between processes: the same on both ends of a connection.
#pragma once

#include <cstddef>

namespace chains {

// A message: what the edge of a chain accepts (100 MB) and room for what surrounds it.
inline constexpr size_t kMaxMessageBytes = 104 * 1024 * 1024;

// … and of what surrounds a request or a reply where several calls share a stream.
inline constexpr size_t kMaxHeadBytes = 64 * 1024;

// Request headers that a call forwards; later ones are dropped.
inline constexpr size_t kMaxHeaderBytes = 4096;

// The message of a failure, cut at a UTF-8 boundary.
inline constexpr size_t kMaxErrorMessageBytes = 2048;

}  // namespace chains
