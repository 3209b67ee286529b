// Quotas: what keys have used of what they may, and how many requests a gateway has in all.
//
//   Quotas quotas({.max_in_flight = 5000});
//   absl::StatusOr<Quotas::Stay> stay = quotas.Enter(owner, now);   // or why not, and for how long
//
// Each gateway counts by itself, and forgets when it ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/policy/token_bucket.h"
#include "gateway/app/api_keys.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// For the loop's thread; it outlives its stays.
class Quotas {
 public:
  struct Options {
    size_t max_in_flight = 0;  // requests at a time, of all; more get 503; 0: any number
    bool dry_run = false;      // nothing is refused; what would have been is counted
  };
  explicit Quotas(Options options) : options_(options) {}
  Quotas(const Quotas&) = delete;

  using Owner = std::shared_ptr<const ApiKeys::Owner>;

 private:
  // Of one key.
  struct Quota {
    Owner owner;
    std::optional<TokenBucket> bucket;
    int in_flight = 0;
  };

 public:
  // A request, as long as it lasts.
  class [[nodiscard]] Stay {
   public:
    Stay() = default;
    Stay(Quotas* quotas, std::shared_ptr<Quota> quota)
        : quotas_(quotas), quota_(std::move(quota)) {}
    Stay(Stay&& other) noexcept
        : quotas_(std::exchange(other.quotas_, nullptr)), quota_(std::move(other.quota_)) {}
    Stay& operator=(Stay&& other) noexcept {
      std::swap(quotas_, other.quotas_);
      std::swap(quota_, other.quota_);
      return *this;
    }
    ~Stay() {
      if (quotas_ == nullptr) return;
      --quotas_->in_flight_;
      if (quota_ != nullptr) --quota_->in_flight;
    }

   private:
    Quotas* quotas_ = nullptr;
    std::shared_ptr<Quota> quota_;  // null: of nobody who has one
  };

  // `owner` is null for who has no limits. RESOURCE_EXHAUSTED: the key has used what it may;
  // UNAVAILABLE: the gateway has as much as it takes. Both say when to come again.
  absl::StatusOr<Stay> Enter(const Owner& owner, absl::Time now);
  // Whether it would be refused now, before its body has come. What is refused is counted.
  absl::Status Foresee(const Owner& owner, absl::Time now);

  // What the owner's client may read of his rate, as in draft-ietf-httpapi-ratelimit-headers-10.
  void AddHeaders(const Owner& owner, absl::Time now, HttpHeaders& headers);

  // Forgets what others have used who have nothing in flight.
  void KeepOnly(const std::set<std::string>& owner_ids);

  struct Counts {
    uint64_t rate = 0;
    uint64_t key_in_flight = 0;
    uint64_t all_in_flight = 0;
    uint64_t would_refuse = 0;  // on trial
  };
  const Counts& counts() const { return counts_; }
  size_t in_flight() const { return in_flight_; }  // of those that were counted
  size_t known() const { return quotas_.size(); }

 private:
  std::shared_ptr<Quota> Of(const Owner& owner);
  // What stands against one more; OK: nothing.
  absl::Status Problem(Quota* quota, absl::Time now, uint64_t*& counted);
  // `problem`, or OK on trial.
  absl::Status Judge(absl::Status problem, bool dry_run, uint64_t& counted);
  bool counts_all() const { return options_.max_in_flight > 0; }

  const Options options_;
  std::map<std::string, std::shared_ptr<Quota>> quotas_;  // by the owner's id
  size_t in_flight_ = 0;
  Counts counts_;
};

}  // namespace chains::gateway
