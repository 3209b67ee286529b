#include "chains/contract/spans.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "chains/core/loop.h"

namespace chains {
namespace {

using internal::CallEvent;
using internal::CallFigures;
using internal::CallRecord;
using internal::KeptMessages;
using internal::Receipt;

// How many bytes the UTF-8 character at `at` has; 0 where there is none (RFC 3629).
size_t CharacterAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return 1;
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || size > text.size() - at) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(at + 1);
  const bool too_long = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool too_far = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
  return too_long || too_far ? 0 : size;
}

// Protobuf reads no text but UTF-8.
std::string Readable(std::string text) {
  for (size_t at = 0; at < text.size();) {
    const size_t size = CharacterAt(text, at);
    if (size == 0) text[at] = '?';
    at += std::max<size_t>(1, size);
  }
  return text;
}

uint64_t WholeMicroseconds(absl::Duration duration) {
  return static_cast<uint64_t>(std::max(int64_t{0}, absl::ToInt64Microseconds(duration)));
}

void Fill(v1::Span& span, const CallFigures& figures) {
  span.set_chainlet(figures.chainlet);
  span.set_method(figures.method);
  span.set_code(static_cast<uint32_t>(figures.code));
  if (figures.code != absl::StatusCode::kOk) span.set_message(Readable(figures.message));
  span.set_attempt(static_cast<uint32_t>(figures.attempt));
  span.set_queue_us(WholeMicroseconds(figures.queue));
  span.set_user_us(WholeMicroseconds(figures.user));
  span.set_serialize_us(WholeMicroseconds(figures.serialize));
  span.set_network_us(WholeMicroseconds(figures.network));
  span.set_items(static_cast<uint64_t>(figures.items));
}

void FillMessages(v1::Span& span, const CallRecord& call) {
  if (!call.keeps_messages()) return;
  const KeptMessages* const kept = call.messages();
  if (kept == nullptr) return;  // it was made as bytes, as a gateway's are: its callee has them
  span.set_recorded(true);
  span.set_request(kept->request);
  span.set_reply(kept->reply);
  span.set_cut(kept->cut);
}

v1::Span SpanOf(const CallRecord& call, const std::string& trace, const std::string& process) {
  v1::Span span;
  span.set_trace_id(trace);
  span.set_span_id(call.span());
  span.set_parent_span_id(call.parent_span());
  span.set_kind(call.served_here() ? v1::Span::SERVER : v1::Span::CLIENT);
  span.set_replica(call.served_here() ? call.figures.replica : process);
  span.set_start_unix_us(absl::ToUnixMicros(call.began()));
  Fill(span, call.figures);
  const absl::Duration so_far = call.receipt().loop().Now() - call.began();
  span.set_duration_us(WholeMicroseconds(call.ended() ? call.figures.elapsed : so_far));
  for (const CallEvent& event : call.events()) {
    v1::SpanEvent& added = *span.add_events();
    added.set_unix_us(absl::ToUnixMicros(event.at));
    added.set_name(std::string(event.name));
    added.set_detail(Readable(event.detail));
  }
  FillMessages(span, call);
  return span;
}

// Of what may be large in a span.
size_t BytesIn(const v1::Span& span) { return span.request().size() + span.reply().size(); }

}  // namespace

std::vector<v1::Span> SpansOf(const Receipt& receipt, const std::string& process) {
  std::vector<v1::Span> spans;
  if (!receipt.purpose().traced) return spans;
  const std::string trace = internal::BytesOf(receipt.purpose().trace);
  spans.reserve(receipt.records().size());
  for (const CallRecord& call : receipt.records()) {
    if (!call.told()) spans.push_back(SpanOf(call, trace, process));
  }
  return spans;
}

void SpanQueue::AddOne(v1::Span span) {
  const size_t bytes = BytesIn(span);
  if (spans_.size() == kMaxSpans || bytes > kMaxBytes - bytes_) {
    ++dropped_;
    return;
  }
  bytes_ += bytes;
  spans_.push_back(std::move(span));
}

void SpanQueue::Add(v1::Span span) {
  std::lock_guard lock(mutex_);
  AddOne(std::move(span));
}

void SpanQueue::Add(std::vector<v1::Span> spans) {
  std::lock_guard lock(mutex_);
  for (v1::Span& span : spans) AddOne(std::move(span));
}

void SpanQueue::AddCallsOf(const Receipt& receipt) {
  std::vector<v1::Span> spans = SpansOf(receipt, process_);
  std::lock_guard lock(mutex_);
  dropped_ += receipt.calls_too_many();
  for (v1::Span& span : spans) AddOne(std::move(span));
}

void SpanQueue::Drop(uint64_t spans) {
  std::lock_guard lock(mutex_);
  dropped_ += spans;
}

void SpanQueue::TakeInto(v1::Telemetry& telemetry) {
  std::lock_guard lock(mutex_);
  telemetry.set_spans_dropped(dropped_);
  size_t taken = 0;
  for (size_t count = 0; count < kMaxSpansTaken && !spans_.empty(); ++count) {
    const size_t bytes = BytesIn(spans_.front());
    if (count > 0 && taken + bytes > kMaxBytesTaken) return;
    taken += bytes;
    bytes_ -= bytes;
    *telemetry.add_spans() = std::move(spans_.front());
    spans_.pop_front();
  }
}

std::vector<v1::Span> SpanQueue::TakeAll() {
  std::lock_guard lock(mutex_);
  std::vector<v1::Span> all(std::make_move_iterator(spans_.begin()),
                            std::make_move_iterator(spans_.end()));
  spans_.clear();
  bytes_ = 0;
  return all;
}

bool SpanQueue::empty() const {
  std::lock_guard lock(mutex_);
  return spans_.empty();
}

uint64_t SpanQueue::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace chains
