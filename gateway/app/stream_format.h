// StreamFormat: how the items of a stream reach an HTTP client.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gateway/http/message.h"

namespace chains::gateway {

enum class StreamFormat {
  kLines,     // application/x-ndjson: an item's JSON on each line
  kEvents,    // text/event-stream: server-sent events, an item's JSON as the data of each
  kArray,     // application/json: all items at once
  kProtobuf,  // application/x-protobuf: an item's bytes, with their length before them
};

// By the header Accept. Where it leaves the choice, or names nothing of these: protobuf for a
// protobuf request, else lines.
StreamFormat FormatOf(const RequestHead& head);
std::string_view TypeOf(StreamFormat format);

// Whether the body of a request is, or is made of, protobuf messages; or lines by its own word.
bool SendsProtobuf(const RequestHead& head);
bool SendsLines(const RequestHead& head);

// What is sent for the item of that number, counted from 1: `item` is its JSON, or its bytes. Not
// for kArray.
std::string PieceOf(StreamFormat format, uint64_t number, std::string item);
// The last piece of a stream that ended well, or failed; may be empty.
std::string EndOf(StreamFormat format);
std::string FailureOf(StreamFormat format, const absl::Status& failure);

}  // namespace chains::gateway
