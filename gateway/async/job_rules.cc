#include "gateway/async/job_rules.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"
#include "chains/json/json_writer.h"

namespace chains::gateway {
namespace {

constexpr int kGone = 410;

JobEnd Ended(JobState state, std::string error) {
  JobEnd end;
  end.state = state;
  end.error = std::move(error);
  return end;
}

JobEnd Again(std::string error, absl::Time when) {
  JobEnd end = Ended(JobState::kQueued, std::move(error));
  end.again = when;
  return end;
}

// It waits where it is, as long as it may wait in the queue: its time there counts from the
// beginning, so pauses grow with it.
JobEnd AfterRefusal(const LeasedJob& job, Attempt attempt, absl::Time now) {
  const bool had_begun = job.attempts > 1;
  if (now >= job.expires) {
    JobEnd end =
        Ended(had_begun ? JobState::kFailed : JobState::kExpired, std::move(attempt.error));
    end.counts = false;
    return end;
  }
  const absl::Duration waited = now - job.created;
  JobEnd end =
      Again(std::move(attempt.error), now + std::clamp(waited / 2, kFirstPause, kLongestPause));
  // It is looked at once more when its time is over, and expires then.
  end.again = std::min(end.again, job.expires);
  end.counts = false;
  return end;
}

}  // namespace

std::string ErrorJson(const absl::Status& status) {
  json::JsonWriter json;
  json.BeginObject().Key("code").String(ToStd(absl::StatusCodeToString(status.code())));
  json.Key("message").String(MessageOf(status)).End();
  return std::move(json).Take();
}

bool MayPass(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return false;
    default:
      return true;
  }
}

absl::Duration PauseAfter(int attempts, absl::Duration first, absl::Duration longest) {
  absl::Duration pause = first;
  for (int i = 1; i < attempts && pause < longest; ++i) pause *= 2;
  return std::min(pause, longest);
}

JobEnd AfterAttempt(const LeasedJob& job, Attempt attempt, absl::Time now) {
  if (attempt.status.ok()) {
    JobEnd end;
    end.result = std::move(attempt.result);
    return end;
  }
  if (attempt.error.empty()) attempt.error = ErrorJson(attempt.status);
  const absl::StatusCode code = attempt.status.code();
  const bool waits =
      code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted;
  if (!attempt.called && waits) return AfterRefusal(job, std::move(attempt), now);
  const bool again = MayPass(code) && job.attempts < job.retries.max_attempts + job.losses;
  if (!again) return Ended(JobState::kFailed, std::move(attempt.error));
  const absl::Duration pause =
      PauseAfter(job.attempts - job.losses, job.retries.initial_delay, job.retries.max_delay);
  return Again(std::move(attempt.error), now + pause);
}

JobEnd TooManyLosses(const LeasedJob& job) {
  return Ended(JobState::kFailed,
               ErrorJson(absl::AbortedError(
                   Text("the gateways that called it ended ", job.losses,
                        " times before it had an answer, so it is not called again"))));
}

DeliveryEnd AfterDelivery(const LeasedDelivery& delivery, Told told, absl::Time now,
                          const WebhookRules& rules) {
  DeliveryEnd end;
  end.record = {.attempt = delivery.attempts,
                .at = now,
                .status = told.status,
                .error = std::move(told.error)};
  if (told.status >= 200 && told.status < 300) return end;
  const bool over = told.final || told.status == kGone || delivery.attempts >= rules.max_attempts;
  end.state = over ? WebhookState::kFailed : WebhookState::kPending;
  end.again = now + PauseAfter(delivery.attempts, rules.first_pause, rules.longest_pause);
  return end;
}

}  // namespace chains::gateway
