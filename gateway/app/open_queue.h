// What a queue is opened from: flags of a program, or options of a platform's gateway.
//
//   absl::StatusOr<AsyncSettings> settings = OpenQueue({.url =
//   "sqlite:/home/ada/.chains/async.db"});
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "gateway/app/async_calls.h"

namespace chains::gateway {

struct QueueFlags {
  std::string url;                        // "sqlite:FILE", "postgresql://…"; empty: no queue
  std::string secret_file = "";           // of webhooks; empty: unsigned
  bool allow_private = false;             // webhooks may lead to private addresses
  size_t max_running = 64;                // jobs at a time
  absl::Duration keep = absl::Hours(24);  // what has ended
};

// Without a URL settings without a store. Failures name the flag.
absl::StatusOr<AsyncSettings> OpenQueue(const QueueFlags& flags);

// A file with one new secret, for this user alone, where there is none.
absl::Status MakeWebhookSecret(const std::string& file);

}  // namespace chains::gateway
