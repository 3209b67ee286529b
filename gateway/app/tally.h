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
      : loop_(&loop), began_(loop.Now()), bytes_in_(bytes_in), series_(nowhere) {
    series_->Began();
  }
  // What was moved from counts no more.
  Tally(Tally&& other) noexcept = default;
  Tally& operator=(Tally&&) = delete;
  ~Tally() {
    if (series_ != nullptr) series_->Ended(status_, loop_->Now() - began_, bytes_in_, bytes_out_);
  }

  // What it takes up of quotas, until it ends.
  void Holds(Quotas::Stay stay) { stay_ = std::move(stay); }
  // It turned out to be a request of `series`.
  void At(const std::shared_ptr<Metrics::Series>& series) {
    series_->MovedTo(*series);
    series_ = series;
  }
  // Until then, and where it is never said, the client left: 499.
  void Answered(int http_status) { status_ = http_status; }
  void BytesIn(size_t bytes) { bytes_in_ += bytes; }
  void BytesOut(size_t bytes) { bytes_out_ += bytes; }

 private:
  const Loop* loop_;
  absl::Time began_;
  size_t bytes_in_;
  size_t bytes_out_ = 0;
  int status_ = 499;
  Quotas::Stay stay_;
  std::shared_ptr<Metrics::Series> series_;  // null once it was moved
};

}  // namespace chains::gateway
