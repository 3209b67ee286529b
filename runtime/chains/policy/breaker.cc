#include "chains/policy/breaker.h"

#include <algorithm>

namespace chains {
namespace {

constexpr int kLongestOpen = 8;  // times open_for

}  // namespace

Breaker::Breaker(const Circuit& settings) : settings_(settings), open_for_(settings.open_for) {}

Breaker::Entry Breaker::EnterNotClosed(absl::Time now) {
  if (state_ == State::kOpen && now >= open_until_) {
    Change(State::kHalfOpen);
    probing_ = 0;
    probed_well_ = 0;
  }
  const int probes = std::max(1, settings_.probes);
  if (state_ == State::kHalfOpen && probing_ + probed_well_ < probes) {
    ++probing_;
    return {.pass = Pass::kProbe, .period = period_};
  }
  // Half-open, all probes are under way: their answer is not far.
  const absl::Duration wait =
      state_ == State::kOpen ? open_until_ - now : std::min(settings_.open_for, absl::Seconds(1));
  return {
      .pass = settings_.dry_run ? Pass::kIgnored : Pass::kRefused, .period = period_, .wait = wait};
}

bool Breaker::Ended(const Entry& entry, bool failed, absl::Time now) {
  if (entry.period != period_) return false;
  if (entry.pass == Pass::kUsual) return EndedUsual(failed, now);
  return entry.pass == Pass::kProbe && EndedProbe(failed, now);
}

void Breaker::Dropped(const Entry& entry) {
  if (entry.period == period_ && entry.pass == Pass::kProbe) --probing_;
}

bool Breaker::EndedUsual(bool failed, absl::Time now) {
  Turn(now);
  ++slots_[slot_].calls;
  ++sum_.calls;
  if (!failed) {
    in_a_row_ = 0;
    return false;
  }
  ++slots_[slot_].failures;
  ++sum_.failures;
  ++in_a_row_;
  if (!TooManyFailures()) return false;
  Open(now);
  return true;
}

bool Breaker::EndedProbe(bool failed, absl::Time now) {
  --probing_;
  if (failed) {
    open_for_ = std::min(open_for_ * 2, settings_.open_for * kLongestOpen);
    Open(now);
    return true;
  }
  if (++probed_well_ >= std::max(1, settings_.probes)) Close();
  return false;
}

// Leaves out what is older than the window.
void Breaker::Turn(absl::Time now) {
  if (now < slot_ends_) return;
  const absl::Duration width = settings_.window / static_cast<int64_t>(kSlots);
  if (now >= slot_ends_ + settings_.window) {
    slots_.fill({});
    sum_ = {};
    slot_ends_ = now + width;
    return;
  }
  while (now >= slot_ends_) {
    slot_ = (slot_ + 1) % kSlots;
    sum_.calls -= slots_[slot_].calls;
    sum_.failures -= slots_[slot_].failures;
    slots_[slot_] = {};
    slot_ends_ += width;
  }
}

bool Breaker::TooManyFailures() const {
  if (in_a_row_ >= settings_.consecutive_failures) return true;
  return sum_.calls >= static_cast<uint32_t>(std::max(1, settings_.min_calls)) &&
         sum_.failures >= settings_.failure_ratio * sum_.calls;
}

void Breaker::Open(absl::Time now) {
  Change(State::kOpen);
  open_until_ = now + open_for_;
}

void Breaker::Close() {
  Change(State::kClosed);
  open_for_ = settings_.open_for;
  in_a_row_ = 0;
  slots_.fill({});
  sum_ = {};
}

void Breaker::Change(State state) {
  state_ = state;
  ++period_;
}

}  // namespace chains
