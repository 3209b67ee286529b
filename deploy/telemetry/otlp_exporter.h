// OtlpExporter: sends traces to an OpenTelemetry collector, by OTLP over HTTP.
//
//   OtlpExporter exporter(http::CurlTransport::Make({.url = "http://collector:4318"}).value());
//   exporter.Put(trace);                 // never waits
//   …on the loop: exporter.Run() …       // sends what there is, for ever
//
// Binary protobuf to URL/v1/traces. What the collector cannot take now (429, 502, 503, 504, or it
// cannot be reached) is sent again, after what its Retry-After says or longer and longer pauses, up
// to eight times in all; what it does not want is dropped. The queue is bounded: what comes while
// it is full is dropped, and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/core/notice.h"
#include "chains/core/task.h"
#include "chains/http/transport.h"
#include "deploy/telemetry/otlp_spans.h"

namespace chains::deploy {

// For one loop's thread.
class OtlpExporter {
 public:
  struct Options {
    size_t most_spans = 4096;  // that wait
    size_t most_bytes = size_t{16} << 20;
    size_t batch = 512;
    absl::Duration gather = absl::Milliseconds(500);  // from a batch's first span until it leaves
    absl::Duration timeout = absl::Seconds(10);
    absl::Duration first_pause = absl::Seconds(1);
    absl::Duration longest_pause = absl::Seconds(30);
    int attempts = 8;
  };
  OtlpExporter(std::shared_ptr<http::Transport> transport, Options options)
      : transport_(std::move(transport)), options_(options) {}
  explicit OtlpExporter(std::shared_ptr<http::Transport> transport)
      : OtlpExporter(std::move(transport), Options()) {}
  OtlpExporter(const OtlpExporter&) = delete;

  void Put(const v1::Trace& trace);
  // Never ends by itself.
  Task<void> Run();

  uint64_t sent() const { return sent_; }        // spans that the collector took
  uint64_t dropped() const { return dropped_; }  // for want of room, or because it did not
  // Why the last attempt failed; OK when it did not.
  const absl::Status& problem() const { return problem_; }

 private:
  std::vector<SourcedSpan> TakeBatch();
  Task<void> Send(std::vector<SourcedSpan> batch);

  const std::shared_ptr<http::Transport> transport_;
  const Options options_;
  std::deque<SourcedSpan> waiting_;
  size_t bytes_ = 0;
  Notice news_;
  uint64_t sent_ = 0;
  uint64_t dropped_ = 0;
  absl::Status problem_;
};

}  // namespace chains::deploy
