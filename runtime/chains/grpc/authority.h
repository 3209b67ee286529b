// Authority: makes certificates for processes of one platform, which trust it and nobody else.
//
//   absl::StatusOr<Authority> authority = Authority::New("chains.local", absl::Now());
//   absl::StatusOr<std::string> pem =
//       authority->Certify(request_pem, {GatewayPeer("chains.local")}, absl::Now());
//
// Who it signs for, and what names they get, is for the caller to decide: of a request it takes the
// key alone, and of that its owner has to prove that it has it (RFC 2986, 4.2).
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/grpc/peer_names.h"

namespace chains {

// How long a certificate is valid. Its owner asks for another when half of that is over.
inline constexpr absl::Duration kCertificateLife = absl::Hours(24);

// A value; thread-safe while it is not changed.
class Authority {
 public:
  // With a new key, and a root certificate of ten years.
  static absl::StatusOr<Authority> New(std::string_view trust_domain, absl::Time now);
  // What ToPem() said. INVALID_ARGUMENT: that is not it.
  static absl::StatusOr<Authority> FromPem(std::string pem);

  // Its private key and root certificate: who has them can be anybody.
  const std::string& ToPem() const { return pem_; }
  // The root certificate, which is no secret.
  const std::string& roots() const { return roots_; }
  const std::string& trust_domain() const { return trust_domain_; }

  // A certificate of the request's key, with `names`, at least one, valid from five minutes before
  // `now` on: clocks differ. INVALID_ARGUMENT: the request cannot be read, or is not signed with
  // its key.
  absl::StatusOr<std::string> Certify(const std::string& request_pem, const PeerNames& names,
                                      absl::Time now, absl::Duration life = kCertificateLife) const;

 private:
  Authority(std::string pem, std::string roots, std::string trust_domain);

  std::string pem_;
  std::string roots_;
  std::string trust_domain_;
};

}  // namespace chains
