#include "chains/grpc/carried_writer.h"

#include <array>
#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/support/byte_buffer.h>

#include "chains/core/receipt.h"
#include "chains/grpc/carried_fields.h"
#include "chains/grpc/header_budget.h"

namespace chains::internal {
namespace {

using google::protobuf::io::CodedOutputStream;

// Larger ones are shared, not copied: a slice costs as much as this many bytes.
constexpr size_t kLargestCopied = 2048;

// What a message may have before the next one begins.
constexpr size_t kFull = 64 * 1024;

// The length of a part comes before it, and is known after it: four bytes say up to 256 MiB, which
// is more than a message may have.
constexpr size_t kLengthBytes = 4;

void Put(std::string& to, uint64_t value) {
  if (value < 0x80) return to.push_back(static_cast<char>(value));
  std::array<uint8_t, 10> bytes;
  const uint8_t* const end = CodedOutputStream::WriteVarint64ToArray(value, bytes.data());
  to.append(reinterpret_cast<const char*>(bytes.data()), end - bytes.data());
}
void PutNumber(std::string& to, uint32_t tag, uint64_t value) {
  Put(to, tag);
  Put(to, value);
}
void PutFixed(std::string& to, uint32_t tag, uint64_t value) {
  Put(to, tag);
  std::array<uint8_t, sizeof(value)> bytes;
  CodedOutputStream::WriteLittleEndian64ToArray(value, bytes.data());
  to.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}
void PutText(std::string& to, uint32_t tag, std::string_view text) {
  Put(to, tag);
  Put(to, text.size());
  to.append(text);
}
void PutFlag(std::string& to, uint32_t tag, bool value) {
  if (value) PutNumber(to, tag, 1);
}

// Returns where the part begins.
size_t OpenPart(std::string& to, uint32_t tag) {
  Put(to, tag);
  to.append(kLengthBytes, '\0');
  return to.size();
}
void WriteLength(std::string& to, size_t part, size_t length) {
  for (size_t i = 0; i < kLengthBytes; ++i) {
    const bool last = i + 1 == kLengthBytes;
    to[part - kLengthBytes + i] = static_cast<char>((length & 0x7f) | (last ? 0 : 0x80));
    length >>= 7;
  }
}

void PutWishes(std::string& to, const Purpose& purpose) {
  PutFlag(to, carried::kAsksReceipt, purpose.receipt);
  PutFlag(to, carried::kAsksOwn, purpose.traced && !purpose.receipt);
  PutFlag(to, carried::kToldAbove, purpose.traced);
  if (!purpose.recording.empty()) PutText(to, carried::kRecording, purpose.recording);
}

void PutHeaders(std::string& to, const Headers& headers) {
  HeaderBudget budget;
  for (const auto& [name, value] : headers) {
    if (!budget.Admits(name, value)) continue;
    const size_t part = OpenPart(to, carried::kHeaders);
    PutText(to, carried::kHeaderName, name);
    PutText(to, carried::kHeaderValue, value);
    WriteLength(to, part, to.size() - part);
  }
}

void AppendTo(std::string& to, const Bytes& bytes) {
  grpc::Slice whole;
  if (!bytes.buffer().Valid()) return;
  if (bytes.buffer().TrySingleSlice(&whole).ok()) {
    to.append(reinterpret_cast<const char*>(whole.begin()), whole.size());
  } else {
    to.append(bytes.ToString());
  }
}

}  // namespace

void CarriedWriter::AddCall(uint64_t id, std::string_view path, uint64_t timeout_us,
                            const Context& context, bool asks_load, const Bytes& request) {
  Begin(request.size());
  const size_t part = OpenPart(text_, carried::kCalls);
  PutNumber(text_, carried::kCallId, id);
  PutText(text_, carried::kPath, path);
  if (timeout_us != 0) PutNumber(text_, carried::kTimeout, timeout_us);
  if (const Traceparent parent = context.parent_of_calls(); !parent.trace.empty()) {
    PutFixed(text_, carried::kTraceHigh, parent.trace.high);
    PutFixed(text_, carried::kTraceLow, parent.trace.low);
    PutFixed(text_, carried::kSpan, parent.parent);
    PutFlag(text_, carried::kSampled, parent.sampled);
  }
  if (context.priority() != Context::kUsualPriority) {
    PutNumber(text_, carried::kPriority, static_cast<uint64_t>(context.priority()));
  }
  PutFlag(text_, carried::kFurtherAttempt, context.further_attempt());
  PutFlag(text_, carried::kAsksLoad, asks_load);
  if (context.record() != nullptr) [[unlikely]]
    PutWishes(text_, context.record()->receipt().purpose());
  PutHeaders(text_, context.headers());
  Close(part, carried::kRequest, request);
}

void CarriedWriter::AddCancelled(uint64_t id) { PutNumber(text_, carried::kCancelled, id); }

void CarriedWriter::AddAnswer(uint64_t id, const Bytes& reply, const CarriedEnd& end) {
  Begin(reply.size());
  const size_t part = OpenPart(text_, carried::kAnswers);
  PutNumber(text_, carried::kAnswerId, id);
  if (!end.status.ok()) [[unlikely]] {
    PutNumber(text_, carried::kCode, static_cast<uint64_t>(end.status.error_code()));
    PutText(text_, carried::kMessage, end.status.error_message());
    PutText(text_, carried::kDetails, end.status.error_details());
  }
  if (!end.receipt.empty()) PutText(text_, carried::kReceipt, end.receipt);
  if (end.load >= 0) PutNumber(text_, carried::kLoad, static_cast<uint64_t>(end.load));
  Close(part, carried::kReply, reply);
}

void CarriedWriter::AddLeaving() { PutNumber(text_, carried::kLeaving, 1); }

void CarriedWriter::Close(size_t part, uint32_t payload_tag, const Bytes& payload) {
  const size_t size = payload.size();
  if (size > 0) {
    Put(text_, payload_tag);
    Put(text_, size);
  }
  WriteLength(text_, part, text_.size() - part + size);
  if (size <= kLargestCopied) return AppendTo(text_, payload);
  slices_.emplace_back(text_.data(), text_.size());
  shared_ += text_.size() + size;
  text_.clear();
  std::vector<grpc::Slice> pieces;
  if (!payload.buffer().Dump(&pieces).ok()) return;
  for (grpc::Slice& piece : pieces) slices_.push_back(std::move(piece));
}

void CarriedWriter::Begin(size_t payload_bytes) {
  const size_t size = text_.size() + shared_;
  if (size == 0 || size + payload_bytes <= kFull) return;
  full_bytes_ += size;
  full_.push_back(TakeLast());
}

Bytes CarriedWriter::Take() {
  if (full_.empty()) return TakeLast();
  Bytes message = std::move(full_.front());
  full_.pop_front();
  full_bytes_ -= message.size();
  return message;
}

Bytes CarriedWriter::TakeLast() {
  Bytes message;
  slices_.emplace_back(text_.data(), text_.size());
  grpc::ByteBuffer buffer(slices_.data(), slices_.size());
  message.buffer().Swap(&buffer);
  text_.clear();
  slices_.clear();
  shared_ = 0;
  return message;
}

}  // namespace chains::internal
