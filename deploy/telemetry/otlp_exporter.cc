#include "deploy/telemetry/otlp_exporter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kLongestRetryAfter = absl::Minutes(5);

size_t BytesOf(const SourcedSpan& span) { return sizeof(SourcedSpan) + span.span.ByteSizeLong(); }

// As OTLP says, "Retryable Response Codes".
bool MayBeSentAgain(const absl::StatusOr<http::Response>& answer) {
  if (!answer.ok()) return true;
  const int status = answer->status;
  return status == 429 || status == 502 || status == 503 || status == 504;
}

absl::Status ProblemOf(const absl::StatusOr<http::Response>& answer) {
  if (!answer.ok()) return answer.status();
  if (answer->status >= 200 && answer->status < 300) return absl::OkStatus();
  return absl::UnavailableError(Text("the collector answers HTTP ", answer->status, ": ",
                                     std::string_view(answer->body).substr(0, 200)));
}

// nullopt: it says none, or a date.
std::optional<absl::Duration> RetryAfter(const absl::StatusOr<http::Response>& answer) {
  if (!answer.ok()) return std::nullopt;
  const auto header = answer->headers.find("retry-after");
  int64_t seconds = 0;
  if (header == answer->headers.end() || !absl::SimpleAtoi(header->second, &seconds) ||
      seconds < 0) {
    return std::nullopt;
  }
  return std::min(absl::Seconds(seconds), kLongestRetryAfter);
}

uint64_t RejectedIn(const http::Response& answer, uint64_t of) {
  otlp::ExportTraceServiceResponse response;
  if (!response.ParseFromString(answer.body)) return 0;  // an empty body, say: all is well
  const int64_t rejected = response.partial_success().rejected_spans();
  return std::min(static_cast<uint64_t>(std::max<int64_t>(rejected, 0)), of);
}

}  // namespace

void OtlpExporter::Put(const v1::Trace& trace) {
  for (SourcedSpan& span : ToOtlp(trace)) {
    const size_t bytes = BytesOf(span);
    if (waiting_.size() >= options_.most_spans || bytes_ + bytes > options_.most_bytes) {
      ++dropped_;
      continue;
    }
    bytes_ += bytes;
    waiting_.push_back(std::move(span));
  }
  news_.Give();
}

std::vector<SourcedSpan> OtlpExporter::TakeBatch() {
  const size_t count = std::min(options_.batch, waiting_.size());
  std::vector<SourcedSpan> batch;
  for (size_t i = 0; i < count; ++i) {
    bytes_ -= BytesOf(waiting_.front());
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return batch;
}

Task<void> OtlpExporter::Run() {
  while (true) {
    while (waiting_.empty()) co_await news_.Wait();
    if (waiting_.size() < options_.batch) co_await Sleep(options_.gather);
    co_await Send(TakeBatch());
  }
}

Task<void> OtlpExporter::Send(std::vector<SourcedSpan> batch) {
  std::string body;
  co_await Blocking([&] { body = MakeExport(batch).SerializeAsString(); });
  absl::Duration pause = options_.first_pause;
  for (int attempt = 1;; ++attempt) {
    http::Request request("POST", "/v1/traces", body, "application/x-protobuf");
    absl::StatusOr<http::Response> answer =
        co_await Outcome(transport_->Send(std::move(request), options_.timeout));
    problem_ = ProblemOf(answer);
    if (problem_.ok()) {
      const uint64_t rejected = RejectedIn(*answer, batch.size());
      sent_ += batch.size() - rejected;
      dropped_ += rejected;
      co_return;
    }
    if (!MayBeSentAgain(answer) || attempt >= options_.attempts) break;
    co_await Sleep(RetryAfter(answer).value_or(pause));
    pause = std::min(2 * pause, options_.longest_pause);
  }
  dropped_ += batch.size();
}

}  // namespace chains::deploy
