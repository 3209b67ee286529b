#include "deploy/platform/leadership.h"

#include <algorithm>
#include <random>
#include <utility>

#include "chains/core/text.h"
#include "chains/core/timing.h"

namespace chains::deploy {
namespace {

// So that those who wait do not ask at one moment.
absl::Duration Jittered(absl::Duration wait) {
  std::minstd_rand random(std::random_device{}());
  return wait * std::uniform_real_distribution<double>(1.0, 1.2)(random);
}

std::string MicroTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

bool IsForGood(const absl::Status& status) {
  return absl::IsPermissionDenied(status) || absl::IsUnauthenticated(status) ||
         absl::IsInvalidArgument(status);
}

}  // namespace

Leadership::Leadership(ApiClient& api, Options options) : api_(api), options_(std::move(options)) {}

Json Leadership::NewLease(absl::Time now) const {
  Json lease = {{"apiVersion", "coordination.k8s.io/v1"},
                {"kind", "Lease"},
                {"metadata",
                 {{"name", options_.name},
                  {"namespace", options_.in_namespace},
                  {"labels", {{"app.kubernetes.io/managed-by", "chains-platform"}}}}}};
  Claim(lease, now);
  return lease;
}

void Leadership::Claim(Json& lease, absl::Time now) const {
  const bool is_mine = StringAt(lease, "/spec/holderIdentity") == options_.identity;
  Json& spec = lease["spec"];
  if (!is_mine) {
    const bool had_holder = At(lease, "/spec").contains("acquireTime");
    const int64_t before = IntAt(lease, "/spec/leaseTransitions");
    spec["acquireTime"] = MicroTime(now);
    spec["leaseTransitions"] = before + (had_holder ? 1 : 0);
  }
  spec["holderIdentity"] = options_.identity;
  spec["leaseDurationSeconds"] = absl::ToInt64Seconds(options_.duration);
  spec["renewTime"] = MicroTime(now);
}

Task<bool> Leadership::Try() {
  const chains::internal::Here::Place here = co_await chains::internal::Here();
  const absl::Time began = here.loop().Now();
  absl::StatusOr<Json> lease =
      co_await Outcome(api_.Get(kinds::kLease, options_.in_namespace, options_.name));
  if (absl::IsNotFound(lease.status())) {
    Json made = NewLease(began);
    lease = co_await Outcome(api_.Create(std::move(made)));
    if (absl::IsAlreadyExists(lease.status())) co_return false;  // somebody was quicker
  } else if (lease.ok()) {
    if (At(*lease, "/spec") != seen_) {
      seen_ = At(*lease, "/spec");
      seen_at_ = here.loop().Now();
    }
    leader_ = StringAt(*lease, "/spec/holderIdentity");
    const bool is_others = !leader_.empty() && leader_ != options_.identity;
    if (is_others && here.loop().Now() < seen_at_ + options_.duration) co_return false;
    Claim(*lease, began);
    Json claimed = *std::move(lease);
    lease = co_await Outcome(api_.Replace(std::move(claimed)));
    if (absl::IsAborted(lease.status())) co_return false;  // the same
  }
  const Json now = co_await std::move(lease);
  seen_ = At(now, "/spec");
  seen_at_ = here.loop().Now();
  leader_ = options_.identity;
  renewed_at_ = began;
  co_return true;
}

Task<void> Leadership::Acquire() {
  while (!leads_) {
    const absl::StatusOr<bool> mine = co_await Outcome(WithTimeout(Try(), options_.renew));
    problem_ = mine.status();
    if (IsForGood(problem_)) co_await problem_;
    leads_ = mine.ok() && *mine;
    if (!leads_) co_await Sleep(Jittered(options_.retry));
  }
}

Task<void> Leadership::Hold() {
  const chains::internal::Here::Place here = co_await chains::internal::Here();
  while (leads_) {
    const absl::Time until = renewed_at_ + options_.renew;
    const absl::Duration left = until - here.loop().Now();
    if (left <= absl::ZeroDuration()) break;
    co_await Sleep(std::min(options_.retry, left));
    const absl::Duration may_take = until - here.loop().Now();
    if (may_take <= absl::ZeroDuration()) break;
    const absl::StatusOr<bool> mine = co_await Outcome(WithTimeout(Try(), may_take));
    problem_ = mine.status();
    // Its own request may have come twice; who the holder is shows with the next one.
    if (mine.ok() && !*mine && leader_ != options_.identity) break;
  }
  leads_ = false;
  const absl::Status lost = Lost();
  co_await lost;
}

absl::Status Leadership::Lost() const {
  const std::string lease = Text("the Lease ", options_.in_namespace, "/", options_.name);
  if (leader_ != options_.identity && !leader_.empty()) {
    return absl::AbortedError(Text("'", leader_, "' has taken over ", lease));
  }
  return absl::AbortedError(Text(lease, " could not be renewed within ",
                                 absl::FormatDuration(options_.renew), ": ", MessageOf(problem_)));
}

Task<void> Leadership::Release() {
  const chains::internal::Here::Place here = co_await chains::internal::Here();
  if (!std::exchange(leads_, false)) co_return;
  Json lease = co_await api_.Get(kinds::kLease, options_.in_namespace, options_.name);
  if (StringAt(lease, "/spec/holderIdentity") != options_.identity) co_return;
  lease["spec"].erase("holderIdentity");  // nobody: an empty name is no valid one
  lease["spec"]["leaseDurationSeconds"] = 1;
  lease["spec"]["renewTime"] = MicroTime(here.loop().Now());
  co_await api_.Replace(std::move(lease));
}

}  // namespace chains::deploy
