// A large body as the messages of a method that takes a stream, while it comes.
//
//   if (ComesInChunks(headers, method)) {
//     Stream<std::string> pieces = PlainPieces(request, encoding, BodyLimitOf(method, options));
//     requests = ChunksOf(std::move(pieces), transcoder, method, content_type, target);
//   }
//
// The one field of the messages that holds bytes takes a body of another type than JSON and
// protobuf, or a file of a form, cut into chunks. The other fields, from the query or from the
// parts before the file, are in the first message: in one of their own where they are members of
// the bytes' oneof. Not more than a chunk and what was read last is held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "chains/contract/bytes.h"
#include "chains/core/stream.h"
#include "chains/json/transcoder.h"
#include "gateway/body/encoding.h"
#include "gateway/body/media.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// Of the field, in each message.
inline constexpr size_t kChunk = 64 << 10;

// Whether a method that takes a stream gets one body of these headers as chunks.
bool ComesInChunks(const BodyHeaders& headers, const json::Transcoder::Method& method);

// The body of a request, in pieces and unpacked, whether it came whole or in pieces. Takes it from
// `request`. Larger than `max_bytes` it fails RESOURCE_EXHAUSTED.
Stream<std::string> PlainPieces(Request& request, Encoding encoding, uint64_t max_bytes);

// Where ComesInChunks(): the messages. Transcoder and method outlive the stream.
Stream<Bytes> ChunksOf(Stream<std::string> pieces, const json::Transcoder& transcoder,
                       const json::Transcoder::Method& method, std::string content_type,
                       std::string target);

}  // namespace chains::gateway
