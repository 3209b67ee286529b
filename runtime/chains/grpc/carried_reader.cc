#include "chains/grpc/carried_reader.h"

#include <string>

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include "chains/grpc/carried_fields.h"
#include "chains/grpc/header_budget.h"

namespace chains::internal {
namespace {

using google::protobuf::io::CodedInputStream;

// Fields of a message that lies in one piece.
class Fields {
 public:
  explicit Fields(std::string_view bytes)
      : bytes_(bytes),
        in_(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  // The next tag; 0 at the end, and after what is not well-formed.
  uint32_t Next() {
    if (bad_ || AtEnd()) return 0;
    const uint32_t tag = in_.ReadTag();
    if (tag == 0) bad_ = true;
    return tag;
  }
  uint64_t Number() {
    uint64_t value = 0;
    if (!in_.ReadVarint64(&value)) bad_ = true;
    return value;
  }
  bool Flag() { return Number() != 0; }
  uint64_t Fixed() {
    uint64_t value = 0;
    if (!in_.ReadLittleEndian64(&value)) bad_ = true;
    return value;
  }
  std::string_view Text() {
    uint32_t size = 0;
    if (!in_.ReadVarint32(&size)) bad_ = true;
    const auto at = static_cast<size_t>(in_.CurrentPosition());
    if (bad_ || size > bytes_.size() - at || !in_.Skip(static_cast<int>(size))) {
      bad_ = true;
      return {};
    }
    return bytes_.substr(at, size);
  }
  // Of a kind that a later version may have.
  void Skip(uint32_t tag) {
    switch (tag & 7) {
      case carried::kVarint:
        Number();
        break;
      case carried::kFixed64:
        Fixed();
        break;
      case carried::kLengthDelimited:
        Text();
        break;
      case carried::kFixed32:
        bad_ = bad_ || !in_.Skip(4);
        break;
      default:
        bad_ = true;  // groups: nobody makes them any more
    }
  }
  size_t at() const { return static_cast<size_t>(in_.CurrentPosition()); }
  bool AtEnd() const { return in_.CurrentPosition() == static_cast<int>(bytes_.size()); }
  void Refuse() { bad_ = true; }
  bool ok() const { return !bad_; }

 private:
  const std::string_view bytes_;
  CodedInputStream in_;
  bool bad_ = false;
};

bool ReadHeader(std::string_view bytes, HeaderBudget& budget, Headers& headers) {
  Fields fields(bytes);
  std::string_view name;
  std::string_view value;
  while (const uint32_t tag = fields.Next()) {
    switch (tag) {
      case carried::kHeaderName:
        name = fields.Text();
        break;
      case carried::kHeaderValue:
        value = fields.Text();
        break;
      default:
        fields.Skip(tag);
    }
  }
  if (fields.ok() && budget.Admits(name, value)) headers.emplace_back(name, value);
  return fields.ok();
}

int PriorityOf(uint64_t said) {
  return said <= Context::kHighestPriority ? static_cast<int>(said) : Context::kUsualPriority;
}

bool ReadCall(std::string_view bytes, const CarriedMessage& message_of, ReceivedCall& call) {
  Fields fields(bytes);
  HeaderBudget budget;
  Wishes& wishes = call.wishes;
  while (const uint32_t tag = fields.Next()) {
    switch (tag) {
      case carried::kCallId:
        call.id = fields.Number();
        break;
      case carried::kPath:
        call.path = fields.Text();
        break;
      case carried::kTimeout:
        call.timeout_us = fields.Number();
        break;
      case carried::kTraceHigh:
        wishes.parent.trace.high = fields.Fixed();
        break;
      case carried::kTraceLow:
        wishes.parent.trace.low = fields.Fixed();
        break;
      case carried::kSpan:
        wishes.parent.parent = fields.Fixed();
        break;
      case carried::kSampled:
        wishes.parent.sampled = fields.Flag();
        break;
      case carried::kPriority:
        call.said.priority = PriorityOf(fields.Number());
        break;
      case carried::kFurtherAttempt:
        call.said.further_attempt = fields.Flag();
        break;
      case carried::kAsksLoad:
        wishes.load = fields.Flag();
        break;
      case carried::kAsksReceipt:
        wishes.receipt = fields.Flag();
        break;
      case carried::kAsksOwn:
        wishes.own_figures = fields.Flag();
        break;
      case carried::kToldAbove:
        wishes.told_above = fields.Flag();
        break;
      case carried::kRecording:
        wishes.recording = fields.Text();
        if (!IsRecordingId(wishes.recording)) wishes.recording = {};
        break;
      case carried::kHeaders:
        if (!ReadHeader(fields.Text(), budget, call.said.headers)) fields.Refuse();
        break;
      case carried::kRequest:
        call.request = message_of.Share(fields.Text());
        break;
      default:
        fields.Skip(tag);
    }
  }
  // As a traceparent without a span is none.
  if (wishes.parent.parent == 0) wishes.parent = {};
  return fields.ok();
}

int LoadOf(uint64_t said) { return said <= kMostLoad ? static_cast<int>(said) : -1; }

bool ReadAnswer(std::string_view bytes, const CarriedMessage& message_of, ReceivedAnswer& answer) {
  Fields fields(bytes);
  uint64_t code = 0;
  std::string_view message;
  std::string_view details;
  while (const uint32_t tag = fields.Next()) {
    switch (tag) {
      case carried::kAnswerId:
        answer.id = fields.Number();
        break;
      case carried::kCode:
        code = static_cast<uint32_t>(fields.Number());
        break;
      case carried::kMessage:
        message = fields.Text();
        break;
      case carried::kDetails:
        details = fields.Text();
        break;
      case carried::kReceipt:
        answer.end.receipt = fields.Text();
        break;
      case carried::kLoad:
        answer.end.load = LoadOf(fields.Number());
        break;
      case carried::kReply:
        answer.reply = message_of.Share(fields.Text());
        break;
      default:
        fields.Skip(tag);
    }
  }
  if (!fields.ok()) return false;
  if (code != 0) [[unlikely]] {
    constexpr uint64_t kLast = grpc::StatusCode::UNAUTHENTICATED;
    answer.end.status = grpc::Status(
        code <= kLast ? static_cast<grpc::StatusCode>(code) : grpc::StatusCode::UNKNOWN,
        std::string(message), std::string(details));
  }
  return true;
}

// Ids one behind the other.
bool ReadPacked(std::string_view bytes, absl::FunctionRef<void(uint64_t id)> visit) {
  Fields ids(bytes);
  while (ids.ok() && !ids.AtEnd()) {
    const uint64_t id = ids.Number();
    if (ids.ok()) visit(id);
  }
  return ids.ok();
}

}  // namespace

CarriedMessage::CarriedMessage(const Bytes& message) {
  if (!message.buffer().Valid() || message.buffer().TrySingleSlice(&slice_).ok()) return;
  const bool held = message.buffer().DumpToSingleSlice(&slice_).ok();
  if (!held) slice_ = grpc::Slice();
}

Bytes CarriedMessage::Share(std::string_view part) const {
  if (part.empty()) return {};
  const size_t begin = part.data() - text().data();
  grpc::Slice slice = slice_.sub(begin, begin + part.size());
  Bytes bytes;
  grpc::ByteBuffer buffer(&slice, 1);
  bytes.buffer().Swap(&buffer);
  return bytes;
}

bool CarriedCallsReader::Next(ReceivedCall& call, absl::FunctionRef<void(uint64_t id)> cancelled) {
  Fields fields(message_.text().substr(at_));
  bool found = false;
  while (!found) {
    const uint32_t tag = fields.Next();
    if (tag == 0) break;
    if (tag == carried::kCalls) {
      found = ReadCall(fields.Text(), message_, call) && fields.ok();
      if (!found) fields.Refuse();
    } else if (tag == carried::kCancelled) {
      const uint64_t id = fields.Number();
      if (fields.ok()) cancelled(id);
    } else if (tag == carried::kCancelledPacked) {
      if (!ReadPacked(fields.Text(), cancelled)) fields.Refuse();
    } else {
      fields.Skip(tag);
    }
  }
  at_ += fields.at();
  well_formed_ = fields.ok();
  if (!well_formed_) at_ = message_.text().size();
  return found;
}

absl::Status CarriedCallsReader::status() const {
  if (well_formed_) return absl::OkStatus();
  return absl::InvalidArgumentError("these bytes are no CarriedCalls");
}

absl::Status ReadCarriedAnswers(const Bytes& message,
                                absl::FunctionRef<void(ReceivedAnswer&)> answer,
                                absl::FunctionRef<void()> leaving) {
  const CarriedMessage whole(message);
  Fields fields(whole.text());
  while (const uint32_t tag = fields.Next()) {
    if (tag == carried::kAnswers) {
      ReceivedAnswer received;
      if (ReadAnswer(fields.Text(), whole, received) && fields.ok()) {
        answer(received);
      } else {
        fields.Refuse();
      }
    } else if (tag == carried::kLeaving) {
      if (fields.Flag() && fields.ok()) leaving();
    } else {
      fields.Skip(tag);
    }
  }
  if (fields.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError("these bytes are no CarriedAnswers");
}

}  // namespace chains::internal
