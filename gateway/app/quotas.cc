#include "gateway/app/quotas.h"

#include <cmath>

#include "chains/contract/push_back.h"
#include "chains/core/text.h"
#include "chains/policy/key_limits.h"

namespace chains::gateway {
namespace {

// A place is free again when a request has ended; nobody knows when.
constexpr absl::Duration kUsualWait = absl::Seconds(1);

int Seconds(absl::Duration duration) {
  return static_cast<int>(std::ceil(absl::ToDoubleSeconds(duration)));
}

bool SameLimits(const v1::KeyLimits& a, const v1::KeyLimits& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

}  // namespace

std::shared_ptr<Quotas::Quota> Quotas::Of(const Owner& owner) {
  if (owner == nullptr) return nullptr;
  std::shared_ptr<Quota>& quota = quotas_[owner->id];
  if (quota == nullptr) quota = std::make_shared<Quota>();
  if (quota->owner == owner) return quota;
  // Routes were exchanged, with the same keys or others. What was used stays used.
  if (quota->owner == nullptr || !SameLimits(quota->owner->limits, owner->limits)) {
    const std::optional<TokenBucket::Options> bucket = BucketOf(owner->limits);
    quota->bucket.reset();
    if (bucket) quota->bucket.emplace(*bucket);
  }
  quota->owner = owner;
  return quota;
}

absl::Status Quotas::Problem(Quota* quota, absl::Time now, uint64_t*& counted) {
  if (counts_all() && in_flight_ >= options_.max_in_flight) {
    counted = &counts_.all_in_flight;
    return WithRetryAfter(absl::UnavailableError(Text("this gateway has ", in_flight_,
                                                      " requests in flight, as many as it takes "
                                                      "(--max-in-flight)")),
                          kUsualWait);
  }
  if (quota == nullptr) return absl::OkStatus();
  const v1::KeyLimits& limits = quota->owner->limits;
  if (limits.max_in_flight() > 0 && quota->in_flight >= limits.max_in_flight()) {
    counted = &counts_.key_in_flight;
    return WithRetryAfter(
        absl::ResourceExhaustedError(
            Text("this key has ", quota->in_flight, " requests in flight, as many as it may have")),
        kUsualWait);
  }
  const absl::Duration wait = quota->bucket ? quota->bucket->Wait(now) : absl::ZeroDuration();
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  counted = &counts_.rate;
  return WithRetryAfter(absl::ResourceExhaustedError(
                            Text("this key may make ", RateText(limits.requests_per_second()),
                                 " requests, and ", quota->bucket->options().burst, " at once")),
                        wait);
}

absl::Status Quotas::Judge(absl::Status problem, bool dry_run, uint64_t& counted) {
  ++(dry_run ? counts_.would_refuse : counted);
  return dry_run ? absl::OkStatus() : std::move(problem);
}

absl::Status Quotas::Foresee(const Owner& owner, absl::Time now) {
  if (owner == nullptr && !counts_all()) return absl::OkStatus();
  const std::shared_ptr<Quota> quota = Of(owner);
  if (options_.dry_run || (owner != nullptr && owner->limits.dry_run())) return absl::OkStatus();
  uint64_t* counted = nullptr;
  absl::Status problem = Problem(quota.get(), now, counted);
  if (!problem.ok()) ++*counted;
  return problem;
}

absl::StatusOr<Quotas::Stay> Quotas::Enter(const Owner& owner, absl::Time now) {
  if (owner == nullptr && !counts_all()) return Stay();
  std::shared_ptr<Quota> quota = Of(owner);
  const bool dry_run = options_.dry_run || (owner != nullptr && owner->limits.dry_run());
  uint64_t* counted = nullptr;
  absl::Status problem = Problem(quota.get(), now, counted);
  if (!problem.ok()) problem = Judge(std::move(problem), dry_run, *counted);
  if (!problem.ok()) return problem;
  if (quota != nullptr && quota->bucket) static_cast<void>(quota->bucket->Take(now));
  if (quota != nullptr) ++quota->in_flight;
  ++in_flight_;
  return Stay(this, std::move(quota));
}

void Quotas::AddHeaders(const Owner& owner, absl::Time now, HttpHeaders& headers) {
  const std::shared_ptr<Quota> quota = Of(owner);
  if (quota == nullptr || !quota->bucket) return;
  TokenBucket& bucket = *quota->bucket;
  const TokenBucket::Options& options = bucket.options();
  headers.emplace_back("RateLimit-Policy",
                       Text("\"key\";q=", options.burst,
                            ";w=", Seconds(absl::Seconds(options.burst / options.per_second))));
  headers.emplace_back("RateLimit",
                       Text("\"key\";r=", bucket.Left(now), ";t=", Seconds(bucket.UntilFull(now))));
}

void Quotas::KeepOnly(const std::set<std::string>& owner_ids) {
  std::erase_if(quotas_, [&](const auto& each) {
    return !owner_ids.contains(each.first) && each.second->in_flight == 0;
  });
}

}  // namespace chains::gateway
