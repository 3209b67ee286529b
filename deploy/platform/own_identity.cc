#include "deploy/platform/own_identity.h"

#include "absl/time/clock.h"
#include "chains/chain/identity_keeper.h"
#include "chains/chain/log.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "chains/grpc/certificate.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kAgain = absl::Minutes(1);

absl::Status Write(const Authority& authority, const std::string& folder) {
  absl::StatusOr<chains::internal::SigningRequest> request = chains::internal::MakeSigningRequest();
  if (!request.ok()) return request.status();
  absl::StatusOr<std::string> certificate = authority.Certify(
      request->request_pem, {PlatformPeer(authority.trust_domain())}, absl::Now());
  if (!certificate.ok()) return certificate.status();
  return chains::internal::WriteIdentity(folder, request->key_pem + *certificate,
                                         authority.roots());
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Identity>> MakeOwnIdentity(const Authority& authority,
                                                                const std::string& folder) {
  if (absl::Status written = Write(authority, folder); !written.ok()) return written;
  return Identity::Load({.folder = folder});
}

Task<void> KeepOwnIdentity(std::shared_ptr<const Authority> authority, std::string folder) {
  absl::Duration pause = kCertificateLife / 2;
  while (true) {
    co_await Sleep(pause);
    const absl::Status written = Write(*authority, folder);
    pause = written.ok() ? kCertificateLife / 2 : kAgain;
    if (written.ok()) continue;
    Log(Context(), Severity::kWarning,
        Text("no new certificate for the platform, tried again: ", MessageOf(written)));
  }
}

}  // namespace chains::deploy
