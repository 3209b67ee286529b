#include "deploy/fleets/kubernetes/keyed_work.h"

#include <algorithm>
#include <utility>

namespace chains::deploy {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(30);

absl::Duration PauseAfter(int failures) {
  absl::Duration pause = kFirstPause;
  for (int i = 1; i < failures && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

}  // namespace

void KeyedWork::Start(const std::string& key, absl::AnyInvocable<Task<void>()> make) {
  if (running_ >= most_) return;
  Entry& entry = entries_[key];
  if (entry.running != nullptr || entry.next > loop_.Now()) return;
  ++running_;
  entry.running = std::make_unique<chains::internal::Root<void>>(
      loop_, Context(), make(),
      [this, key](const absl::StatusOr<internal::Unit>& outcome) { Ended(key, outcome.status()); });
  entry.running->Start();
}

void KeyedWork::Ended(const std::string& key, absl::Status status) {
  --running_;
  const auto found = entries_.find(key);
  Entry& entry = found->second;
  // A root may be destroyed by what it calls last.
  const std::unique_ptr<chains::internal::Root<void>> finished = std::move(entry.running);
  if (status.ok()) {
    entries_.erase(found);
  } else {
    entry.problem = std::move(status);
    entry.next = loop_.Now() + PauseAfter(++entry.failures);
    ArmRetry();
  }
  changed_.Give();
}

// What was not asked for again is not wanted any more: its failures are forgotten.
void KeyedWork::ArmRetry() {
  const absl::Time now = loop_.Now();
  std::erase_if(entries_, [now](const auto& named) {
    return named.second.running == nullptr && named.second.next + kLongestPause < now;
  });
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [key, entry] : entries_) {
    if (entry.running == nullptr && entry.next > now) next = std::min(next, entry.next);
  }
  if (next != absl::InfiniteFuture()) loop_.Arm(retry_, next);
}

bool KeyedWork::Runs(const std::string& key) const {
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second.running != nullptr;
}

const absl::Status* KeyedWork::ProblemOf(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.problem.ok()) return nullptr;
  return &found->second.problem;
}

}  // namespace chains::deploy
