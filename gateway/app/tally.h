// Tally: counts one request, whatever becomes of it, from when it is made until it is destroyed.
//
//   Tally tally(loop, metrics.Of({}), request.body.size());
//   tally.At(target.SeriesOf(method, metrics));
//   tally.Answered(response.status, response.body.size());
//
// A stream that goes on after its response began takes the tally along, by moving it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "gateway/app/metrics.h"
#include "gateway/app/quotas.h"

namespace chains::gateway {

// For the thread of `loop`, which outlives it.
class Tally {
 public:
  Tally(const Loop& loop, const std::shared_ptr<Metrics::Series>& nowhere, size_t bytes_in)
      : loop_(&loop), began_(loop.Now()), series_(nowhere) {
    end_.bytes_in = bytes_in;
    series_->Began();
  }
  // What was moved from counts no more.
  Tally(Tally&& other) noexcept = default;
  Tally& operator=(Tally&&) = delete;
  ~Tally() {
    if (series_ == nullptr) return;
    end_.at = loop_->Now();
    end_.took = end_.at - began_;
    end_.trace_id = trace_id_;
    if (!is_answered_ && end_.at >= deadline_) end_.http_status = kLate;
    series_->Ended(end_);
  }

  // What it takes up of quotas, until it ends.
  void Holds(Quotas::Stay stay) { stay_ = std::move(stay); }
  // It turned out to be a request of `series`.
  void At(const std::shared_ptr<Metrics::Series>& series) {
    series_->MovedTo(*series);
    series_ = series;
  }
  // Until then, and where it is never said, the client left: 499.
  void Answered(int http_status) {
    end_.http_status = http_status;
    is_answered_ = true;
  }
  // Whoever drops it from then on does so because it is late: 504.
  void IsDue(absl::Time deadline) { deadline_ = deadline; }
  // It is traced, by this id in hexadecimal digits.
  void Traced(std::string trace_id) { trace_id_ = std::move(trace_id); }
  void BytesIn(size_t bytes) { end_.bytes_in += bytes; }
  void BytesOut(size_t bytes) { end_.bytes_out += bytes; }

 private:
  static constexpr int kLate = 504;

  const Loop* loop_;
  absl::Time began_;
  absl::Time deadline_ = absl::InfiniteFuture();
  Metrics::End end_;
  bool is_answered_ = false;
  std::string trace_id_;
  Quotas::Stay stay_;
  std::shared_ptr<Metrics::Series> series_;  // null once it was moved
};

}  // namespace chains::gateway
