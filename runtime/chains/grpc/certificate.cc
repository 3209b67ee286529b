#include "chains/grpc/certificate.h"

#include <memory>
#include <string_view>

#include "chains/core/text.h"
#include "chains/grpc/openssl.h"

namespace chains::internal {
namespace {

constexpr size_t kMostNames = 1000;

absl::StatusOr<absl::Time> TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    return Invalid("a certificate's time cannot be read");
  }
  return absl::FromTM(parts, absl::UTCTimeZone());
}

PeerNames NamesOf(const X509* certificate) {
  PeerNames uris;
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return uris;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()) && uris.size() < kMostNames; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* const uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

absl::StatusOr<std::string> RequestFor(EVP_PKEY& key) {
  const Owned<X509_REQ> request(X509_REQ_new());
  if (request == nullptr || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), &key) != 1 ||
      X509_REQ_sign(request.get(), &key, EVP_sha256()) <= 0) {
    return absl::InternalError(Text("cannot make a signing request", WhyNot()));
  }
  return ToPem(*request);
}

}  // namespace

absl::StatusOr<CertificateFacts> ReadCertificate(const std::string& pem) {
  absl::StatusOr<Owned<X509>> certificate = CertificateFrom(pem);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<absl::Time> from = TimeOf(X509_get0_notBefore(certificate->get()));
  absl::StatusOr<absl::Time> until = TimeOf(X509_get0_notAfter(certificate->get()));
  if (!from.ok()) return from.status();
  if (!until.ok()) return until.status();
  return CertificateFacts{
      .names = NamesOf(certificate->get()), .not_before = *from, .not_after = *until};
}

absl::Status CheckKeyMatches(const std::string& key_and_certificate_pem) {
  absl::StatusOr<Owned<X509>> certificate = CertificateFrom(key_and_certificate_pem);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<Owned<EVP_PKEY>> key = KeyFrom(key_and_certificate_pem);
  if (!key.ok()) return key.status();
  if (X509_check_private_key(certificate->get(), key->get()) == 1) return absl::OkStatus();
  return Invalid("the private key is not that of the certificate");
}

absl::StatusOr<SigningRequest> MakeSigningRequest() {
  absl::StatusOr<Owned<EVP_PKEY>> key = NewKey();
  if (!key.ok()) return key.status();
  absl::StatusOr<std::string> key_pem = ToPem(**key);
  if (!key_pem.ok()) return key_pem.status();
  absl::StatusOr<std::string> request_pem = RequestFor(**key);
  if (!request_pem.ok()) return request_pem.status();
  return SigningRequest{.key_pem = *std::move(key_pem), .request_pem = *std::move(request_pem)};
}

}  // namespace chains::internal
