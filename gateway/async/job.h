// Job: a request that was accepted to be called later, and what has become of it.
//
//   NewJob job{.id = NewJobId(), .place = {.chain = "hello", .name = "production"},
//              .method = "run_remote", .input = R"({"names": ["Ada"]})"};
//   absl::StatusOr<JobStore::Accepted> accepted = store.Add(job);   // durable once committed
//
// Plain data. Times are kept to the microsecond.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace chains::gateway {

// The numbers are at rest in databases: they never change.
enum class JobState {
  kQueued = 0,
  kInProgress = 1,
  kSucceeded = 2,  // this and what follows is final
  kFailed = 3,
  kExpired = 4,  // nobody had begun with it when its time in the queue was over
  kCanceled = 5,
};
enum class WebhookState { kNone = 0, kPending = 1, kSucceeded = 2, kFailed = 3, kCanceled = 4 };

// "QUEUED", "NO_WEBHOOK_PROVIDED": as answers have it.
std::string_view NameOf(JobState state);
std::string_view NameOf(WebhookState state);
inline bool IsFinal(JobState state) { return state >= JobState::kSucceeded; }

// What is called: an environment is looked up anew whenever the job runs, a deployment is one.
struct JobPlace {
  std::string chain;
  bool deployment = false;
  std::string name;  // "production"; of a deployment its id

  // "/chains/hello/production/run_remote", "/chains/hello/deployment/8f3a/run_remote".
  std::string PathOf(std::string_view method) const;
};

// Of calls that failed and may be repeated. The pause doubles from `initial_delay` to `max_delay`.
struct JobRetries {
  int max_attempts = 1;  // 1 to 10, the first one included
  absl::Duration initial_delay = absl::Seconds(1);
  absl::Duration max_delay = absl::Seconds(5);
};

struct NewJob {
  std::string id;
  JobPlace place;
  std::string method;        // "run_remote"
  std::string input;         // JSON of the request
  std::string headers = "";  // what travels on with it: lines of "name: value"
  std::string webhook = "";  // where the result is sent; empty: nowhere
  int priority = 0;          // 0 to 2; 0 goes first
  absl::Duration max_time_in_queue = absl::Seconds(600);
  absl::Duration timeout = absl::Hours(1);  // of each attempt
  JobRetries retries = {};
  std::string idempotency = "";  // who repeats it means the same job; empty: there is no such key
  std::string fingerprint = "";  // with the key: of what was asked
  absl::Time created = absl::UnixEpoch();
};

// One that is to run now, held by `lease` until that runs out.
struct LeasedJob {
  std::string id;
  std::string lease;
  JobPlace place;
  std::string method;
  std::string input;
  std::string headers;
  absl::Duration timeout;
  JobRetries retries;
  int attempts = 0;  // with this one
  int losses = 0;    // attempts that ended because who ran them was gone
  absl::Time created;
  absl::Time expires;
};

// What a call came to. `error` is JSON, as in answers: {"code", "message", …}.
struct JobEnd {
  JobState state = JobState::kSucceeded;  // or kQueued: once more, not before `again`
  std::string result = "";                // JSON, of kSucceeded
  std::string error = "";                 // else
  absl::Time again = absl::UnixEpoch();
  bool counts = true;  // false: it never began, so it has this attempt still
  bool lost = false;   // who ran it was gone
};

// One try of telling a webhook.
struct DeliveryRecord {
  int attempt = 0;
  absl::Time at;
  int status = 0;          // HTTP's; 0: there was no answer
  std::string error = "";  // why it did not arrive
};

struct JobView {
  std::string id;
  JobPlace place;
  std::string method;
  JobState state = JobState::kQueued;
  WebhookState webhook_state = WebhookState::kNone;
  int priority = 0;
  int attempts = 0;
  absl::Time created;
  absl::Time changed;  // when the state became what it is
  absl::Time expires;
  std::string result;  // JSON
  std::string error;   // JSON
  std::vector<DeliveryRecord> deliveries = {};
};

// A webhook that is to be told now.
struct LeasedDelivery {
  std::string lease;
  std::string url;
  int attempts = 0;  // with this one
  JobView job;
};
struct DeliveryEnd {
  WebhookState state = WebhookState::kSucceeded;  // or kPending: once more, not before `again`
  DeliveryRecord record;
  absl::Time again = absl::UnixEpoch();
};

// 128 random bits in hexadecimal, with a prefix: nobody guesses another's.
std::string NewJobId();

}  // namespace chains::gateway
