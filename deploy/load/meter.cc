#include "deploy/load/meter.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"
#include "deploy/load/processor_time.h"

namespace chains::load {
namespace {

constexpr size_t kMaxWords = 300;

uint64_t Nanoseconds(std::chrono::nanoseconds time) {
  return static_cast<uint64_t>(std::max<int64_t>(0, time.count()));
}

// How many calls an open loop makes: as many as are due within its duration, at least one.
int64_t Total(const Plan& plan) {
  if (plan.rate == 0 || plan.duration == absl::ZeroDuration()) return plan.calls;
  const auto due =
      std::max<int64_t>(1, static_cast<int64_t>(plan.rate * absl::ToDoubleSeconds(plan.duration)));
  return plan.calls == 0 ? due : std::min(plan.calls, due);
}

}  // namespace

Meter::Meter(const Plan& plan, const std::vector<Payload>& payloads)
    : plan_(plan),
      payloads_(payloads),
      timeout_(absl::ToChronoNanoseconds(plan.timeout)),
      duration_(absl::ToChronoNanoseconds(plan.duration)),
      warm_up_(plan.warm_up),
      total_(Total(plan)) {
  report_.rate = plan.rate;
}

Meter::Time Meter::Due(int64_t i) const {
  return begin_ +
         std::chrono::nanoseconds(static_cast<int64_t>(1e9 * static_cast<double>(i) / plan_.rate));
}

void Meter::Tick(Time now) {
  if (stage_ == Stage::kWarmUp && warm_up_ == 0) Begin(now);
  if (stage_ != Stage::kMeasuring) return;
  if (!is_open()) {
    if (duration_.count() > 0 && now - begin_ >= duration_) End(now);
    return;
  }
  while (stage_ == Stage::kMeasuring && started_ < total_ && now - Due(started_) >= timeout_) {
    ++started_;
    ++ended_;
    Count("late", "a call could not start within its timeout: the rate is too high");
    EndAtBound(now);
  }
}

bool Meter::MayStart(Time now) const {
  if (stage_ == Stage::kWarmUp) return !is_open() || warm_started_ < warm_up_;
  if (stage_ == Stage::kOver) return false;
  if (is_open()) return started_ < total_ && Due(started_) <= now;
  return total_ == 0 || ended_ + in_flight_ < total_;
}

Meter::Call Meter::Start(Time now) {
  ++in_flight_;
  if (stage_ == Stage::kWarmUp) {
    const size_t payload = static_cast<size_t>(warm_started_++) % payloads_.size();
    return {.due = now, .payload = payload};
  }
  const size_t payload = static_cast<size_t>(started_) % payloads_.size();
  const Time due = is_open() ? Due(started_) : now;
  ++started_;
  if (is_open()) report_.lateness.Add(Nanoseconds(now - due));
  return {.due = due, .payload = payload};
}

void Meter::Answered(const Call& call, Time now) {
  --in_flight_;
  if (stage_ == Stage::kWarmUp) {
    ++warm_answered_;
    WarmedUp(now, "");
  } else if (stage_ == Stage::kMeasuring) {
    ++ended_;
    if (payloads_[call.payload].counted) {
      ++report_.calls;
      report_.latencies.Add(Nanoseconds(now - call.due));
    }
    EndAtBound(now);
  }
}

void Meter::Failed(const Call&, Time now, std::string_view kind, std::string_view words) {
  --in_flight_;
  if (stage_ == Stage::kWarmUp) {
    ++warm_failed_;
    WarmedUp(now, words);
  } else if (stage_ == Stage::kMeasuring) {
    ++ended_;
    Count(kind, words);
    EndAtBound(now);
  }
}

void Meter::WarmedUp(Time now, std::string_view failure) {
  if (warm_answered_ == 0 && warm_failed_ >= std::min<int64_t>(plan_.in_flight, warm_up_)) {
    status_ = absl::UnavailableError(ToAbsl(failure));
    stage_ = Stage::kOver;
  } else if (warm_answered_ + warm_failed_ >= warm_up_) {
    Begin(now);
  }
}

void Meter::Count(std::string_view kind, std::string_view words) {
  if (report_.errors++ == 0) report_.first_error = words.substr(0, kMaxWords);
  ++report_.errors_by_kind[std::string(kind)];
}

void Meter::EndAtBound(Time now) {
  const bool failed = plan_.max_errors > 0 && report_.errors >= plan_.max_errors;
  if (failed || (total_ > 0 && ended_ >= total_)) {
    End(now);
  } else if (!is_open()) {
    Tick(now);
  }
}

void Meter::Begin(Time now) {
  stage_ = Stage::kMeasuring;
  processor_begin_ = ProcessorTimes(plan_.processes);
  begin_ = now;
}

void Meter::End(Time now) {
  stage_ = Stage::kOver;
  report_.elapsed = absl::FromChrono(now - begin_);
  report_.unfinished = in_flight_;
  report_.processor_times = ProcessorTimes(plan_.processes);
  for (size_t i = 0; i < processor_begin_.size(); ++i) {
    report_.processor_times[i] -= processor_begin_[i];
  }
}

Meter::Time Meter::NextStart() const {
  if (stage_ == Stage::kMeasuring && is_open() && started_ < total_) return Due(started_);
  return Time::max();
}

Meter::Time Meter::NextTick() const {
  if (stage_ != Stage::kMeasuring) return Time::max();
  if (is_open()) return started_ < total_ ? Due(started_) + timeout_ : Time::max();
  return duration_.count() > 0 ? begin_ + duration_ : Time::max();
}

Report Meter::Take() && { return std::move(report_); }

}  // namespace chains::load
