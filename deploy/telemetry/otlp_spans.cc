#include "deploy/telemetry/otlp_spans.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

using Attributes = google::protobuf::RepeatedPtrField<otlp::KeyValue>;

constexpr uint32_t kSampled = 1;  // W3C's trace flags

void Add(Attributes& attributes, const char* key, const std::string& value) {
  if (value.empty()) return;
  otlp::KeyValue& pair = *attributes.Add();
  pair.set_key(key);
  pair.mutable_value()->set_string_value(value);
}

void Add(Attributes& attributes, const char* key, int64_t value) {
  otlp::KeyValue& pair = *attributes.Add();
  pair.set_key(key);
  pair.mutable_value()->set_int_value(value);
}

void AddTime(Attributes& attributes, const char* key, uint64_t us) {
  if (us > 0) Add(attributes, key, static_cast<int64_t>(us));
}

// Big-endian, as traceparent has it.
std::string IdOf(uint64_t id) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[7 - i] = static_cast<char>(id >> (8 * i));
  return bytes;
}

// Times of any process, in bounds.
uint64_t NanosOf(int64_t micros) {
  constexpr int64_t kMost = INT64_MAX / 1000;
  return static_cast<uint64_t>(std::clamp<int64_t>(micros, 0, kMost)) * 1000;
}

void AddAttributes(const v1::Span& from, otlp::Span& to) {
  Attributes& attributes = *to.mutable_attributes();
  if (from.chainlet().empty()) {
    to.set_name(from.method());
    Add(attributes, "http.route", from.method());
    if (from.http_status() != 0) {
      Add(attributes, "http.response.status_code", int64_t{from.http_status()});
    }
  } else {
    to.set_name(Text(from.chainlet(), "/", from.method()));
    Add(attributes, "rpc.system", "grpc");
    Add(attributes, "rpc.service", from.chainlet());
    Add(attributes, "rpc.method", from.method());
  }
  Add(attributes, "rpc.grpc.status_code", int64_t{from.code()});
  Add(attributes, "chains.request_id", from.request_id());
  if (from.attempt() > 1) Add(attributes, "chains.attempt", int64_t{from.attempt()});
  AddTime(attributes, "chains.queue_us", from.queue_us());
  AddTime(attributes, "chains.user_us", from.user_us());
  AddTime(attributes, "chains.serialize_us", from.serialize_us());
  AddTime(attributes, "chains.network_us", from.network_us());
  AddTime(attributes, "chains.items", from.items());
}

otlp::Span ToOtlp(const v1::Span& from) {
  otlp::Span to;
  to.set_trace_id(from.trace_id());
  to.set_span_id(IdOf(from.span_id()));
  if (from.parent_span_id() != 0) to.set_parent_span_id(IdOf(from.parent_span_id()));
  to.set_flags(kSampled);
  const bool is_client = from.kind() == v1::Span::CLIENT;
  to.set_kind(is_client ? otlp::Span::SPAN_KIND_CLIENT : otlp::Span::SPAN_KIND_SERVER);
  to.set_start_time_unix_nano(NanosOf(from.start_unix_us()));
  const uint64_t most = UINT64_MAX / 2 / 1000;
  to.set_end_time_unix_nano(to.start_time_unix_nano() + std::min(from.duration_us(), most) * 1000);
  AddAttributes(from, to);
  for (const v1::SpanEvent& event : from.events()) {
    otlp::Span::Event& added = *to.add_events();
    added.set_time_unix_nano(NanosOf(event.unix_us()));
    added.set_name(event.name());
    Add(*added.mutable_attributes(), "chains.detail", event.detail());
  }
  if (from.code() != 0) {
    to.mutable_status()->set_code(otlp::Status::STATUS_CODE_ERROR);
    to.mutable_status()->set_message(from.message());
  }
  return to;
}

SpanSource SourceOf(const v1::Span& span, const v1::Span* parent, const v1::TraceSummary& whole) {
  const v1::Span& owner = span.kind() == v1::Span::CLIENT && parent != nullptr ? *parent : span;
  return {.chainlet = owner.chainlet(),
          .replica = span.replica(),
          .chain = span.chain().empty() ? whole.chain() : span.chain(),
          .deployment = span.deployment().empty() ? whole.deployment() : span.deployment(),
          .environment = whole.environment()};
}

void SetResource(const SpanSource& source, otlp::Resource& resource) {
  Attributes& attributes = *resource.mutable_attributes();
  Add(attributes, "service.name", source.chainlet.empty() ? "chains-gateway" : source.chainlet);
  Add(attributes, "service.namespace", source.chain);
  Add(attributes, "service.instance.id", source.replica);
  Add(attributes, "deployment.environment.name", source.environment);
  Add(attributes, "chains.deployment", source.deployment);
}

}  // namespace

std::vector<SourcedSpan> ToOtlp(const v1::Trace& trace) {
  std::unordered_map<uint64_t, const v1::Span*> by_id;
  for (const v1::Span& span : trace.spans()) by_id.emplace(span.span_id(), &span);
  std::vector<SourcedSpan> spans;
  for (const v1::Span& span : trace.spans()) {
    const auto parent = by_id.find(span.parent_span_id());
    spans.push_back({.source = SourceOf(span, parent == by_id.end() ? nullptr : parent->second,
                                        trace.summary()),
                     .span = ToOtlp(span)});
  }
  return spans;
}

otlp::ExportTraceServiceRequest MakeExport(const std::vector<SourcedSpan>& spans) {
  otlp::ExportTraceServiceRequest request;
  std::vector<SpanSource> sources;  // as resource_spans are
  for (const SourcedSpan& each : spans) {
    const auto found = std::find(sources.begin(), sources.end(), each.source);
    if (found == sources.end()) {
      sources.push_back(each.source);
      otlp::ResourceSpans& added = *request.add_resource_spans();
      SetResource(each.source, *added.mutable_resource());
      added.add_scope_spans()->mutable_scope()->set_name("chains");
    }
    const auto at =
        static_cast<int>(std::find(sources.begin(), sources.end(), each.source) - sources.begin());
    *request.mutable_resource_spans(at)->mutable_scope_spans(0)->add_spans() = each.span;
  }
  return request;
}

}  // namespace chains::deploy
