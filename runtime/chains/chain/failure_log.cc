#include "chains/chain/failure_log.h"

#include "chains/chain/log.h"
#include "chains/contract/status_path.h"
#include "chains/core/text.h"

namespace chains::internal {
namespace {

bool IsUnforeseen(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss;
}

}  // namespace

void FailureLog::Note(const Context& context, const Method& method, const absl::Status& failure,
                      absl::Time now) {
  if (!IsUnforeseen(failure.code())) return;
  std::lock_guard lock(mutex_);
  BeginSecond(now);
  if (lines_ == options_.lines_a_second) {
    ++left_out_;
    return;
  }
  ++lines_;
  const std::string code = absl::StatusCodeToString(failure.code());
  const std::string name = Text(method.chainlet, ".", method.name);
  const std::string path = PathText(failure);
  write_(LogLine(now, context, Severity::kError,
                 Text(name, " failed: ", code, ": ", failure.message(),
                      path.empty() ? "" : Text(" (", path, ")")),
                 {{"method", name}, {"code", code}}));
}

void FailureLog::Tick(absl::Time now) {
  std::lock_guard lock(mutex_);
  BeginSecond(now);
}

// Unless the current one goes on.
void FailureLog::BeginSecond(absl::Time now) {
  if (now < second_ + absl::Seconds(1) && now >= second_) return;
  if (left_out_ > 0) {
    write_(
        LogLine(now, Context(), Severity::kError,
                Text(left_out_, " more calls failed within a second, whose lines were left out")));
  }
  second_ = now;
  lines_ = left_out_ = 0;
}

}  // namespace chains::internal
