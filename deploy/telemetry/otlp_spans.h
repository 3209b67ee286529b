// Our spans as OpenTelemetry's: attributes by its semantic conventions for RPC and HTTP
// (opentelemetry.io/docs/specs/semconv), what it has no name for as `chains.…`. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "chains/v1/platform.pb.h"
#include "deploy/telemetry/otlp.pb.h"

namespace chains::deploy {

// Who made a span: a resource of OpenTelemetry.
struct SpanSource {
  std::string chainlet;  // empty: a gateway
  std::string replica;
  std::string chain;
  std::string deployment;
  std::string environment;

  bool operator==(const SpanSource&) const = default;
};

struct SourcedSpan {
  SpanSource source;
  otlp::Span span;
};

// Without messages. A span of a call is its caller's, whose name is its parent's.
std::vector<SourcedSpan> ToOtlp(const v1::Trace& trace);

// What is to be sent; spans of one source are together.
otlp::ExportTraceServiceRequest MakeExport(const std::vector<SourcedSpan>& spans);

}  // namespace chains::deploy
