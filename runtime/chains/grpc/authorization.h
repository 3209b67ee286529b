// Authorization: who may call what a server serves, by the names in callers' certificates.
//
//   Authorization authorization({.callers = {{"hello.SayHello", {greeter}}}, .others =
//   {platform}}); absl::Status may = authorization.Check(names, "hello.SayHello");
//
// A name that is in no list may call nothing; there is no "everybody".
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "chains/grpc/peer_names.h"

namespace chains {

// Thread-safe.
class Authorization {
 public:
  struct Rules {
    // Who may call a contract, by its full name.
    std::map<std::string, PeerNames, std::less<>> callers;
    // Who may call all that is in `callers` not: what a process says of itself, reflection.
    PeerNames others;

    friend bool operator==(const Rules&, const Rules&) = default;
  };
  explicit Authorization(Rules rules) : rules_(std::move(rules)) {}

  // From now on; what was decided before is asked again.
  void Set(Rules rules);
  // Grows with Set(): a decision of an earlier version is none.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  // PERMISSION_DENIED says who was refused, and who would not be. For any one of `names`.
  absl::Status Check(const PeerNames& names, std::string_view contract) const;

 private:
  mutable std::mutex mutex_;
  Rules rules_;  // guarded by mutex_
  std::atomic<uint64_t> version_{1};
};

}  // namespace chains
