// Encoding: Content-Encoding (RFC 9110, 8.4), undone and done.
//
//   Encoding encoding = co_await EncodingOf(head.Header("content-encoding"));
//   std::string plain = co_await Decode(body, encoding, limit);          // whole, or
//   Stream<std::string> plain = Decoded(std::move(pieces), encoding, limit);
//
//   Encoding chosen = ChosenEncoding(accept_encoding);                   // kIdentity: leave it
//   std::string packed = co_await Encode(body, chosen);                  // whole, or
//   Stream<std::string> packed = Encoded(std::move(pieces), chosen);     // flushed per piece
//
// A body that unpacks to much is no danger: what comes out is counted as it comes out, and a stream
// holds one window of it. Of whole bodies and of streams alike: several gzip members (RFC 1952) or
// zstd frames (RFC 8878) in a row are one body; what follows the last, and an end in the middle of
// one, are errors. All of it is pure, but for streams, which run where their reader runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "chains/core/stream.h"
#include "gateway/body/byte_budget.h"

namespace chains::gateway {

enum class Encoding { kIdentity, kGzip, kZstd };

// "gzip", as headers have it; "identity".
std::string_view NameOf(Encoding encoding);

// The encoding that a Content-Encoding header names; nullopt: there is none. UNIMPLEMENTED, with
// what there is, for another one, or for several on top of each other.
absl::StatusOr<Encoding> EncodingOf(std::optional<std::string_view> content_encoding);

// What a client would like best that is there, by its Accept-Encoding with q-values (RFC 9110,
// 12.5.3); of what it likes as much zstd, then gzip. kIdentity also where it likes nothing else.
Encoding ChosenEncoding(std::string_view accept_encoding);

// A stream yields pieces of at most so many bytes.
inline constexpr size_t kDecodedWindow = 64 << 10;

// INVALID_ARGUMENT: these are no such bytes. RESOURCE_EXHAUSTED: more than `max_bytes` would come
// out; no more than these have been held. UNAVAILABLE: `hold`, which may be null and otherwise
// holds what comes out, has no room.
absl::StatusOr<std::string> Decode(std::string_view body, Encoding encoding, uint64_t max_bytes,
                                   ByteBudget::Hold* hold = nullptr);
// Fails like this, or as `pieces` does. It lets others of its loop run between two windows.
Stream<std::string> Decoded(Stream<std::string> pieces, Encoding encoding, uint64_t max_bytes);

// INTERNAL where there is no memory.
absl::StatusOr<std::string> Encode(std::string_view body, Encoding encoding);
// Each piece can be decoded as soon as it is there. A stream's encoder holds less than 256 KiB.
Stream<std::string> Encoded(Stream<std::string> pieces, Encoding encoding);

}  // namespace chains::gateway
