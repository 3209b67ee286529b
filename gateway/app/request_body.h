// Request bodies to the messages that a method takes, by Content-Type and Content-Encoding.
//
//   co_await CheckMedia(headers, method);                           // 415, and what it takes
//   instead std::string wire = co_await WireOf(request, headers, transcoder, method, options,
//   hold);          // one message Stream<Bytes> requests = ChunksOf(PlainPieces(…), transcoder,
//   method, type, target); // many
//
// A method with one message takes JSON, protobuf, a form (multipart/form-data: each part is a
// field, files are its bytes), and, where exactly one field of its request holds bytes, any other
// type: the body is that field, the query has the others. A method with a stream of such messages
// takes the same file or body as many messages: the first has the other fields, each at most kChunk
// bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/core/task.h"
#include "chains/json/transcoder.h"
#include "gateway/app/gateway_options.h"
#include "gateway/body/byte_budget.h"
#include "gateway/body/encoding.h"
#include "gateway/body/media.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// How large a request's body may be, as it comes and unpacked.
inline uint64_t BodyLimitOf(const json::Transcoder::Method& method, const GatewayOptions& options) {
  return method.max_body_bytes.value_or(options.max_body_bytes);
}

// Whether `method` takes bodies of that type. Fails with HTTP status 415.
absl::Status CheckMedia(const BodyHeaders& headers, const json::Transcoder::Method& method);

// The same encoding as EncodingOf says; an unknown one fails with HTTP status 415.
absl::StatusOr<Encoding> BodyEncodingOf(const BodyHeaders& headers);

// The one message of a body that is whole and not packed. `target` has the query. Pure. Fails
// INVALID_ARGUMENT, or with HTTP status 413 or 415.
absl::StatusOr<std::string> WireOfBody(const json::Transcoder& transcoder,
                                       const json::Transcoder::Method& method,
                                       const BodyHeaders& headers, std::string_view target,
                                       std::string_view body);

// The same of a request whose body may be packed; what is large is done off the loop. `hold` counts
// what is unpacked, and outlives the message. All of them outlive the task.
Task<std::string> WireOf(const Request& request, const BodyHeaders& headers,
                         const json::Transcoder& transcoder, const json::Transcoder::Method& method,
                         const GatewayOptions& options, ByteBudget::Hold& hold);

}  // namespace chains::gateway
