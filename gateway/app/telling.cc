#include "gateway/app/telling.h"

#include <algorithm>

namespace chains::gateway {

void Telling::Begin(std::string process) {
  own_ = std::make_unique<SpanQueue>(std::move(process));
  queue_ = own_.get();
}

void Telling::Add(std::vector<v1::Span> spans) {
  const bool were_many = waiting_ >= kMany;
  waiting_ = std::min(waiting_ + spans.size(), SpanQueue::kMaxSpans);
  queue_->Add(std::move(spans));
  if (!were_many && many() && when_many_ != nullptr) when_many_();
}

void Telling::TakeInto(v1::Telemetry& telemetry) {
  queue_->TakeInto(telemetry);
  const auto taken = static_cast<size_t>(telemetry.spans_size());
  waiting_ = queue_->empty() ? 0 : waiting_ - std::min(waiting_, taken);
}

}  // namespace chains::gateway
