#include "chains/grpc/authorization.h"

#include <algorithm>

#include "chains/core/text.h"

namespace chains {

void Authorization::Set(Rules rules) {
  const std::lock_guard lock(mutex_);
  if (rules == rules_) return;
  rules_ = std::move(rules);
  version_.fetch_add(1, std::memory_order_release);
}

absl::Status Authorization::Check(const PeerNames& names, std::string_view contract) const {
  const std::lock_guard lock(mutex_);
  const auto found = rules_.callers.find(contract);
  const PeerNames& may = found == rules_.callers.end() ? rules_.others : found->second;
  const bool has = std::any_of(names.begin(), names.end(), [&may](const std::string& name) {
    return std::find(may.begin(), may.end(), name) != may.end();
  });
  if (has) return absl::OkStatus();
  return absl::PermissionDeniedError(
      Text(contract, " may be called by ", ForPeople(may), ": the caller is ", ForPeople(names),
           found == rules_.callers.end()
               ? ""
               : "; a chainlet may call what it declares with Needs<T> or as a constructor's "
                 "reference"));
}

}  // namespace chains
