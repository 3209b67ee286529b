// IdentityKeeper: gets this process's certificate from its platform, and another before it expires.
//
//   IdentityKeeper keeper({.platform = "chains-platform:7070", .credentials = …, .token = token,
//                          .deployment = "3f9a", .chainlets = {"hello.SayHello"},
//                          .folder = "/run/chains/identity"});
//   absl::StatusOr<std::shared_ptr<const Identity>> identity = keeper.Obtain(deadline);
//   …
//   keeper.Start(reactor);      // renews from now on
//
// The private key is made here, anew with each certificate, and goes nowhere but into the folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/root.h"
#include "chains/grpc/identity.h"
#include "chains/grpc/reactor.h"

namespace grpc {
class ChannelCredentials;
}  // namespace grpc

namespace chains::internal {

// For connections to the platform whose root certificates are in the file `roots`: only a process
// that they vouch for, and that is the platform, is talked to. INVALID_ARGUMENT: they are not those
// of a platform.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ToPlatform(const std::string& roots);

// Writes both files of an Identity into the folder, which is made, for this user alone; neither is
// ever half there.
absl::Status WriteIdentity(const std::string& folder, const std::string& identity_pem,
                           const std::string& roots_pem);

// When to ask for another certificate: at half of the time that is left, give or take a tenth, so
// that not all ask at once. `random` is 0 to 1. Pure.
absl::Time RenewAt(absl::Time now, absl::Time expires, double random);

// For one thread but for its task, which is the reactor's.
class IdentityKeeper final : private Reactor::Work {
 public:
  struct Options {
    std::string platform;  // where chains.v1.Control answers
    // To it; null: in plaintext, over a unix socket that only this user reaches.
    std::shared_ptr<grpc::ChannelCredentials> credentials = nullptr;
    std::string token;
    std::string deployment;              // empty: a gateway
    std::vector<std::string> chainlets;  // that this process serves; of a gateway none
    std::string folder;                  // made, for this user alone
  };
  explicit IdentityKeeper(Options options) : options_(std::move(options)) {}
  IdentityKeeper(const IdentityKeeper&) = delete;

  // Asks until it has one, or `deadline`; then the error says what the platform said last. What the
  // platform refuses for good is an error at once. Blocks; not on a reactor's thread.
  absl::StatusOr<std::shared_ptr<const Identity>> Obtain(absl::Time deadline);
  // After Obtain(), once. The reactor stops before this is destroyed.
  void Start(Reactor& reactor);

 private:
  Task<absl::Time> Ask(Reactor& reactor);
  Task<absl::Time> AskPatiently(Reactor& reactor);
  Task<void> StayValid(Reactor& reactor);
  void Cancel() override;

  const Options options_;
  absl::Time expires_ = absl::InfinitePast();
  std::optional<Root<void>> root_;
};

}  // namespace chains::internal
