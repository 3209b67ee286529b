#include "deploy/logs/subscription.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/logs/log_levels.h"

namespace chains::deploy {
namespace {

constexpr size_t kMostLines = 1000;
constexpr size_t kMostBytes = 1 << 20;

// Several chainlets of one process are joined with '+'. A name may be without its package.
bool IsOf(const std::string& chainlets, const std::string& name) {
  for (const absl::string_view each : absl::StrSplit(chainlets, '+')) {
    if (each == name || absl::EndsWith(each, "." + name)) return true;
  }
  return false;
}

bool Contains(const std::string& whole, const std::string& part) {
  return std::search(whole.begin(), whole.end(), part.begin(), part.end(), [](char a, char b) {
           return absl::ascii_tolower(static_cast<unsigned char>(a)) ==
                  absl::ascii_tolower(static_cast<unsigned char>(b));
         }) != whole.end();
}

bool Has(const v1::LogLine& line, const std::string& text) {
  return Contains(line.message(), text) ||
         std::any_of(line.fields().begin(), line.fields().end(),
                     [&text](const auto& field) { return Contains(field.second, text); });
}

}  // namespace

bool LogFilter::Passes(const v1::LogLine& line) const {
  return (chainlet.empty() || IsOf(line.chainlet(), chainlet)) &&
         (replica.empty() || line.replica() == replica) &&
         (request_id.empty() || line.request_id() == request_id) &&
         (trace_id.empty() || line.trace_id() == trace_id) &&
         (level.empty() || IsAtLeast(line.level(), level)) && (text.empty() || Has(line, text));
}

void internal::Inbox::Put(const v1::LogLine& line) {
  if (!filter_.Passes(line)) return;
  const std::lock_guard lock(mutex_);
  if (ready_ == nullptr) return;
  const bool was_empty = lines_.empty();
  lines_.push_back(line);
  bytes_ += line.ByteSizeLong();
  while (lines_.size() > kMostLines || (bytes_ > kMostBytes && lines_.size() > 1)) {
    bytes_ -= lines_.front().ByteSizeLong();
    lines_.pop_front();
    ++lost_;
  }
  if (was_empty) ready_();
}

std::pair<std::vector<v1::LogLine>, uint64_t> internal::Inbox::Take() {
  const std::lock_guard lock(mutex_);
  std::vector<v1::LogLine> lines(std::make_move_iterator(lines_.begin()),
                                 std::make_move_iterator(lines_.end()));
  lines_.clear();
  bytes_ = 0;
  return {std::move(lines), std::exchange(lost_, 0)};
}

void internal::Inbox::Close() {
  const std::lock_guard lock(mutex_);
  ready_ = nullptr;
  lines_.clear();
}

LogSubscription::News LogSubscription::Take() {
  auto [lines, lost] = inbox_->Take();
  return {.lines = std::move(lines), .lost = lost};
}

}  // namespace chains::deploy
