#include "gateway/app/stream_format.h"

#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "chains/core/text.h"
#include "gateway/app/errors.h"
#include "gateway/app/pages.h"
#include "gateway/body/accept.h"
#include "gateway/body/delimited.h"
#include "gateway/body/sse.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kLinesType = "application/x-ndjson";

// What lines of JSON are called, the first as we do.
constexpr std::array<std::string_view, 5> kLinesTypes = {
    kLinesType, "application/ndjson", "application/jsonl", "application/x-jsonlines",
    "application/json-lines"};

struct Offer {
  std::string_view type;
  StreamFormat format;
};
// In the order of what is taken where the client leaves the choice.
constexpr std::array<Offer, 6> kOffers = {{{kLinesType, StreamFormat::kLines},
                                           {kLinesTypes[1], StreamFormat::kLines},
                                           {kLinesTypes[2], StreamFormat::kLines},
                                           {kSseType, StreamFormat::kEvents},
                                           {kJsonType, StreamFormat::kArray},
                                           {kProtobufType, StreamFormat::kProtobuf}}};

bool IsOfType(const RequestHead& head, std::string_view type) {
  const auto sent = head.Header("content-type");
  return sent && absl::StartsWithIgnoreCase(ToAbsl(*sent), ToAbsl(type));
}

}  // namespace

bool SendsProtobuf(const RequestHead& head) { return IsOfType(head, kProtobufType); }

bool SendsLines(const RequestHead& head) {
  for (const std::string_view type : kLinesTypes) {
    if (IsOfType(head, type)) return true;
  }
  return false;
}

StreamFormat FormatOf(const RequestHead& head) {
  const bool prefers_protobuf = SendsProtobuf(head);
  const StreamFormat usual = prefers_protobuf ? StreamFormat::kProtobuf : StreamFormat::kLines;
  const auto accept = head.Header("accept");
  if (!accept) return usual;
  std::array<std::string_view, kOffers.size()> types;
  std::array<Offer, kOffers.size()> offers = kOffers;
  if (prefers_protobuf) std::swap(offers.front(), offers.back());
  for (size_t i = 0; i < offers.size(); ++i) types[i] = offers[i].type;
  const std::optional<size_t> best = BestType(*accept, types);
  return best ? offers[*best].format : usual;
}

std::string_view TypeOf(StreamFormat format) {
  switch (format) {
    case StreamFormat::kLines:
      return kLinesType;
    case StreamFormat::kEvents:
      return kSseType;
    case StreamFormat::kArray:
      return kJsonType;
    case StreamFormat::kProtobuf:
      return kProtobufType;
  }
  return kLinesType;
}

std::string PieceOf(StreamFormat format, uint64_t number, std::string item) {
  if (format == StreamFormat::kEvents) return SseItem(number, item);
  if (format == StreamFormat::kProtobuf) return DelimitedLength(item.size()) + item;
  item += '\n';
  return item;
}

std::string EndOf(StreamFormat format) {
  return format == StreamFormat::kEvents ? SseEnd() : std::string();
}

// A message of protobuf cannot say that it is none.
std::string FailureOf(StreamFormat format, const absl::Status& failure) {
  if (format == StreamFormat::kProtobuf) return std::string();
  std::string json = ErrorResponse(failure).body;
  if (format == StreamFormat::kEvents) return SseError(json);
  json += '\n';
  return json;
}

}  // namespace chains::gateway
