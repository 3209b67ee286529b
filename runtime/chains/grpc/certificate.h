// Certificates and keys as PEM text: what one says, and how a process asks for its own.
//
//   absl::StatusOr<SigningRequest> request = MakeSigningRequest();
//   …an authority makes a certificate of request->request_pem…
//   absl::StatusOr<CertificateFacts> facts = ReadCertificate(certificate_pem);
//
// Pure, but for randomness. Bytes come from outside: what cannot be read is INVALID_ARGUMENT.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/grpc/peer_names.h"

namespace chains::internal {

struct CertificateFacts {
  PeerNames names;  // its URIs
  absl::Time not_before;
  absl::Time not_after;
};
// The first certificate of the text, whatever stands before it.
absl::StatusOr<CertificateFacts> ReadCertificate(const std::string& pem);

// OK: the text has a private key, a certificate, and that is the key's.
absl::Status CheckKeyMatches(const std::string& key_and_certificate_pem);

struct SigningRequest {
  std::string key_pem;      // PKCS #8: secret
  std::string request_pem;  // PKCS #10 (RFC 2986): for the authority
};
// A new key, on the curve P-256. The request has no names: an authority knows whom it asks.
absl::StatusOr<SigningRequest> MakeSigningRequest();

}  // namespace chains::internal
