// Spans of made-up traces.
#pragma once

#include <string>

#include "chains/v1/telemetry.pb.h"

namespace chains::deploy {

inline std::string TraceIdOf(uint64_t number) {
  std::string id(16, '\0');
  for (size_t i = 0; i < 8; ++i) id[15 - i] = static_cast<char>(number >> (8 * i));
  id[0] = '\xab';
  return id;
}

// At its server's end; `id` 1 is the gateway's.
inline v1::Span SpanOf(uint64_t trace, uint64_t id, uint64_t parent, int64_t start_us,
                       uint64_t duration_us) {
  v1::Span span;
  span.set_trace_id(TraceIdOf(trace));
  span.set_span_id(id);
  span.set_parent_span_id(parent);
  span.set_start_unix_us(1'790'000'000'000'000 + start_us);
  span.set_duration_us(duration_us);
  span.set_chainlet(parent == 0 ? "" : "shop.Price");
  span.set_method(parent == 0 ? "/chains/shop/production/run_remote" : "RunRemote");
  if (parent != 0) return span;
  span.set_outermost(true);
  span.set_chain("shop");
  span.set_deployment("shop1");
  span.set_environment("production");
  span.set_request_id("request-" + std::to_string(trace));
  span.set_http_status(200);
  return span;
}

}  // namespace chains::deploy
