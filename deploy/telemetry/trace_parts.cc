#include "deploy/telemetry/trace_parts.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr size_t kIdBytes = 16;
constexpr size_t kMostText = 512;
constexpr int kMostEvents = 128;
constexpr size_t kMostMessages = size_t{4} << 20;  // of a span, request and reply each

void Cut(std::string* text) {
  if (text->size() > kMostText) text->resize(kMostText);
}

bool IsEarlier(const v1::Span& a, const v1::Span& b) {
  if (a.start_unix_us() != b.start_unix_us()) return a.start_unix_us() < b.start_unix_us();
  // Who calls began before who is called, whatever their clocks say.
  if (a.kind() != b.kind()) return a.kind() == v1::Span::CLIENT;
  return a.span_id() < b.span_id();
}

// Walks a trace from its roots.
class Ordering {
 public:
  explicit Ordering(std::vector<v1::Span> spans) : spans_(std::move(spans)) {
    for (size_t i = 0; i < spans_.size(); ++i) known_.emplace(spans_[i].span_id(), i);
  }
  std::vector<v1::Span> Run() {
    std::vector<size_t> roots;
    for (size_t i = 0; i < spans_.size(); ++i) {
      const uint64_t parent = spans_[i].parent_span_id();
      if (known_.contains(parent) && parent != spans_[i].span_id()) {
        children_[parent].push_back(i);
      } else {
        roots.push_back(i);
      }
    }
    std::vector<size_t> open;
    Push(roots, open);
    Walk(open);
    // Spans that are each other's parents are told all the same.
    for (size_t i = 0; i < spans_.size(); ++i) {
      if (placed_.contains(i)) continue;
      open.push_back(i);
      Walk(open);
    }
    return std::move(ordered_);
  }

 private:
  void Push(std::vector<size_t> places, std::vector<size_t>& open) {
    std::sort(places.begin(), places.end(),
              [this](size_t a, size_t b) { return IsEarlier(spans_[b], spans_[a]); });
    open.insert(open.end(), places.begin(), places.end());
  }
  void Walk(std::vector<size_t>& open) {
    while (!open.empty()) {
      const size_t at = open.back();
      open.pop_back();
      if (!placed_.insert(at).second) continue;
      const auto children = children_.find(spans_[at].span_id());
      if (children != children_.end()) Push(children->second, open);
      ordered_.push_back(spans_[at]);
    }
  }

  std::vector<v1::Span> spans_;
  std::unordered_map<uint64_t, size_t> known_;
  std::unordered_map<uint64_t, std::vector<size_t>> children_;
  std::unordered_set<size_t> placed_;
  std::vector<v1::Span> ordered_;
};

}  // namespace

// UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, DATA_LOSS, as gateways count them.
bool IsFault(uint32_t code) {
  return code == 2 || code == 4 || code == 13 || code == 14 || code == 15;
}

bool MakeSane(v1::Span& span) {
  if (span.trace_id().size() != kIdBytes || span.span_id() == 0) return false;
  if (span.trace_id() == std::string(kIdBytes, '\0')) return false;
  for (std::string* text : {span.mutable_chainlet(), span.mutable_method(), span.mutable_replica(),
                            span.mutable_message(), span.mutable_request_id(), span.mutable_chain(),
                            span.mutable_deployment(), span.mutable_environment()}) {
    Cut(text);
  }
  if (span.events_size() > kMostEvents) {
    span.mutable_events()->DeleteSubrange(kMostEvents, span.events_size() - kMostEvents);
  }
  for (v1::SpanEvent& event : *span.mutable_events()) {
    Cut(event.mutable_name());
    Cut(event.mutable_detail());
  }
  for (std::string* messages : {span.mutable_request(), span.mutable_reply()}) {
    if (messages->size() <= kMostMessages) continue;
    messages->clear();
    span.set_cut(true);
  }
  return true;
}

size_t BytesOf(const v1::Span& span) { return sizeof(v1::Span) + span.ByteSizeLong(); }

std::vector<v1::Span> InOrder(std::vector<v1::Span> spans) {
  std::unordered_set<uint64_t> met;
  std::erase_if(spans, [&met](const v1::Span& span) { return !met.insert(span.span_id()).second; });
  return Ordering(std::move(spans)).Run();
}

const v1::Span* OutermostOf(const std::vector<v1::Span>& spans) {
  for (const v1::Span& span : spans) {
    if (span.outermost()) return &span;
  }
  return nullptr;
}

v1::TraceSummary SummaryOf(const std::vector<v1::Span>& spans) {
  v1::TraceSummary summary;
  if (spans.empty()) return summary;
  const v1::Span* const outermost = OutermostOf(spans);
  const v1::Span& first = outermost == nullptr ? spans.front() : *outermost;
  summary.set_trace_id(ToHexadecimal(first.trace_id()));
  summary.set_request_id(first.request_id());
  summary.set_chain(first.chain());
  summary.set_deployment(first.deployment());
  summary.set_environment(first.environment());
  summary.set_method(first.chainlet().empty() ? first.method()
                                              : Text(first.chainlet(), ".", first.method()));
  summary.set_start_unix_us(first.start_unix_us());
  summary.set_duration_us(first.duration_us());
  summary.set_code(first.code());
  summary.set_spans(static_cast<uint32_t>(spans.size()));
  for (const v1::Span& span : spans) {
    if (span.recorded()) summary.set_recorded(true);
    if (summary.deployment().empty()) summary.set_deployment(span.deployment());
    if (summary.chain().empty()) summary.set_chain(span.chain());
    if (summary.request_id().empty()) summary.set_request_id(span.request_id());
  }
  return summary;
}

bool IsIncomplete(const std::vector<v1::Span>& spans) {
  const v1::Span* const outermost = OutermostOf(spans);
  if (outermost == nullptr) return true;
  std::unordered_set<uint64_t> known;
  for (const v1::Span& span : spans) known.insert(span.span_id());
  return std::any_of(spans.begin(), spans.end(), [&](const v1::Span& span) {
    return &span != outermost && !known.contains(span.parent_span_id());
  });
}

absl::StatusOr<std::string> TraceIdFrom(const std::string& hexadecimal) {
  const bool is_id = hexadecimal.size() == 2 * kIdBytes &&
                     std::all_of(hexadecimal.begin(), hexadecimal.end(),
                                 [](unsigned char each) { return std::isxdigit(each) != 0; });
  if (is_id) return absl::HexStringToBytes(hexadecimal);
  return absl::InvalidArgumentError(
      Text("trace_id: 32 hexadecimal digits, as a traceparent has them, not '", hexadecimal, "'"));
}

std::string ToHexadecimal(const std::string& trace_id) { return absl::BytesToHexString(trace_id); }

}  // namespace chains::deploy
