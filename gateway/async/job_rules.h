// What becomes of jobs and of their webhooks: pure functions of what happened and when.
//
//   JobEnd end = AfterAttempt(job, {.status = call.status(), .result = json, .called = true}, now);
//   DeliveryEnd told = AfterDelivery(delivery, {.status = 503}, now, rules);
//
// A job is called at least once. An attempt whose process is gone (its lease ran out) does not use
// up the attempts that the caller allowed, nor does one that was refused before it began.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gateway/async/job.h"

namespace chains::gateway {

// How one attempt ended.
struct Attempt {
  absl::Status status;
  std::string result = "";  // JSON, where it is OK
  std::string error = "";   // JSON of the status, where it is not; empty: ErrorJson()
  bool called = true;       // false: it was refused before a chainlet heard of it
};

// A job whose runs were cut off this often is not begun again: it may be what ends them.
inline constexpr int kMostLosses = 20;
// Between looks at a deployment that refuses, and after a run was cut off.
inline constexpr absl::Duration kFirstPause = absl::Seconds(1);
inline constexpr absl::Duration kLongestPause = absl::Seconds(30);

// {"code", "message"} of a failure.
std::string ErrorJson(const absl::Status& status);
// Whether the same call may come to something else another time.
bool MayPass(absl::StatusCode code);
// Succeeded, failed, or queued again; a job that was refused and may wait no longer is expired.
JobEnd AfterAttempt(const LeasedJob& job, Attempt attempt, absl::Time now);
// The end of a job that may not begin again after kMostLosses.
JobEnd TooManyLosses(const LeasedJob& job);
// `first` doubled for each of `attempts` but the first, at most `longest`.
absl::Duration PauseAfter(int attempts, absl::Duration first, absl::Duration longest);

// Of webhooks: what is no 2xx is tried again, with pauses that double, but for 410 (gone).
struct WebhookRules {
  int max_attempts = 12;
  absl::Duration first_pause = absl::Seconds(1);
  absl::Duration longest_pause = absl::Minutes(10);
};
struct Told {
  int status = 0;  // HTTP's; 0 without an answer
  std::string error = "";
  bool final = false;  // an endpoint that is never to be asked: a private address
};
DeliveryEnd AfterDelivery(const LeasedDelivery& delivery, Told told, absl::Time now,
                          const WebhookRules& rules);

}  // namespace chains::gateway
