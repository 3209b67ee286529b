// Leadership: of several platforms on a cluster one leads, by a Lease, as Kubernetes' own
// components do it.
//
//   Leadership leadership(api, {.in_namespace = "chains", .identity = pod_name});
//   co_await leadership.Acquire();        // as long as it takes
//   …be the platform…
//   co_await leadership.Hold();           // fails once it is lost: end at once
//   co_await leadership.Release();        // the next one begins without waiting
//
// Clocks of two machines are not compared: who waits measures by its own how long the Lease has not
// changed. A leader that cannot renew gives up `renew` after its last success, before `duration`
// has passed for those who wait. (client-go's tools/leaderelection is the pattern.) What a leader
// that does not know better still writes into records is refused by the store.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "chains/core/task.h"
#include "deploy/apiserver/api_client.h"

namespace chains::deploy {

// On one loop.
class Leadership {
 public:
  struct Options {
    std::string in_namespace = "chains";
    std::string name = "chains-platform";  // of the Lease
    std::string identity;                  // of this process, and of no other
    absl::Duration duration = absl::Seconds(15);
    absl::Duration renew = absl::Seconds(10);
    absl::Duration retry = absl::Seconds(2);
  };
  // `api` outlives it.
  Leadership(ApiClient& api, Options options);
  Leadership(const Leadership&) = delete;

  // Returns once this process leads. PERMISSION_DENIED, UNAUTHENTICATED: it never will; other
  // failures are tried again, and shown by problem().
  Task<void> Acquire();
  // Once it leads; never returns OK. ABORTED: somebody else leads, or nobody could be told for too
  // long.
  Task<void> Hold();
  // Gives it back, where this process has it. Fails where the server cannot be told: then it ends
  // by itself.
  Task<void> Release();

  bool leads() const { return leads_; }
  // Who does, as far as is known; may be empty.
  const std::string& leader() const { return leader_; }
  const absl::Status& problem() const { return problem_; }

 private:
  // Whether this process leads now.
  Task<bool> Try();
  absl::Status Lost() const;
  Json NewLease(absl::Time now) const;
  void Claim(Json& lease, absl::Time now) const;

  ApiClient& api_;
  const Options options_;
  std::string leader_;
  Json seen_;                                     // the Lease's spec, as it was last
  absl::Time seen_at_ = absl::InfinitePast();     // by this machine's clock
  absl::Time renewed_at_ = absl::InfinitePast();  // the last renewal that succeeded began then
  bool leads_ = false;
  absl::Status problem_;
};

}  // namespace chains::deploy
