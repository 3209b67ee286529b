#include "gateway/app/sampling.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace chains::gateway {
namespace {

// Not a number is none.
double ShareOf(double given) { return given > 0 ? std::min(given, 1.0) : 0; }

Sampling::Lot Generator() {
  return [random = std::minstd_rand(std::random_device{}())]() mutable {
    return std::generate_canonical<double, 32>(random);
  };
}

}  // namespace

Sampling::Sampling(Lot lot) : lot_(std::move(lot)) {}
Sampling::Sampling() : Sampling(Generator()) {}

void Sampling::Update(const v1::Tracing& tracing) {
  drawn_ = ShareOf(tracing.drawn());
  recorded_ = std::max(drawn_, ShareOf(tracing.recorded()));
  if (tracing.max_asked_per_second() != max_asked_) {  // else what was used up stays so
    max_asked_ = tracing.max_asked_per_second();
    asked_.reset();
    const double rate = max_asked_;
    if (max_asked_ > 0) asked_.emplace(TokenBucket::Options{.per_second = rate, .burst = rate});
  }
  orders_.clear();
  for (const v1::RecordingOrder& order : tracing.recordings()) {
    if (order.id().empty() || ShareOf(order.share()) <= 0) continue;
    orders_.push_back(
        {.deployment = order.deployment(), .share = ShareOf(order.share()), .id = order.id()});
  }
}

Sampling::Verdict Sampling::Judge(std::string_view deployment, bool asked, absl::Time now) {
  Verdict verdict;
  if (recorded_ > 0) {
    const double lot = lot_();
    verdict.drawn = lot < drawn_;
    verdict.traced = lot < recorded_;
  }
  if (asked && asked_ && asked_->Take(now)) verdict.asked = verdict.traced = true;
  for (const Order& order : orders_) {
    if (order.deployment != deployment || lot_() >= order.share) continue;
    verdict.recording = order.id;
    verdict.traced = true;
    break;
  }
  return verdict;
}

}  // namespace chains::gateway
