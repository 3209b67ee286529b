// Submission: the body of …/async_run_remote. Pure.
//
//   {"model_input": {"names": ["Ada"]}, "webhook_endpoint": "https://a.example/done", "priority":
//   1,
//    "max_time_in_queue_seconds": 600,
//    "inference_retry_config": {"max_attempts": 3, "initial_delay_ms": 1000, "max_delay_ms": 5000}}
//
//   absl::StatusOr<Submission> submission = ParseSubmission(body);
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gateway/async/job.h"

namespace chains::gateway {

struct Submission {
  std::string model_input;   // JSON, as it came
  std::string webhook = "";  // not looked at: see web_address.h
  int priority = 0;
  absl::Duration max_time_in_queue = absl::Seconds(600);
  std::optional<JobRetries> retries = std::nullopt;  // where the caller says something about them
};

// Without a word about retries three attempts, where the method may be repeated, else one.
JobRetries DefaultRetries(bool idempotent);

// INVALID_ARGUMENT names the field and what it may be. Null is as good as nothing, unknown keys are
// ignored, and "30" is taken for 30.
absl::StatusOr<Submission> ParseSubmission(std::string_view body);

}  // namespace chains::gateway
