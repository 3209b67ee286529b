#include "chains/grpc/authority.h"

#include <utility>

#include "chains/core/text.h"
#include "chains/grpc/certificate.h"
#include "chains/grpc/openssl.h"

namespace chains {
namespace {

using internal::Invalid;
using internal::Owned;
using internal::WhyNot;

constexpr absl::Duration kRootLife = absl::Hours(24 * 3650);
constexpr absl::Duration kClocksDiffer = absl::Minutes(5);
constexpr int kSerialBits = 128;  // random: RFC 5280, 4.1.2.2 allows 20 bytes

absl::Status CannotMake() {
  return absl::InternalError(Text("cannot make a certificate", WhyNot()));
}

bool AddExtension(X509& certificate, X509& issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension != nullptr && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

// Built by hand: in OpenSSL's text form a comma in a name would begin another.
bool AddName(GENERAL_NAMES& names, int kind, std::string_view name) {
  ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
  GENERAL_NAME* const added = GENERAL_NAME_new();
  if (text == nullptr || added == nullptr ||
      ASN1_STRING_set(text, name.data(), static_cast<int>(name.size())) != 1 ||
      sk_GENERAL_NAME_push(&names, added) <= 0) {
    ASN1_IA5STRING_free(text);
    GENERAL_NAME_free(added);
    return false;
  }
  GENERAL_NAME_set0_value(added, kind, text);
  return true;
}

bool AddNames(X509& certificate, const PeerNames& names) {
  const Owned<GENERAL_NAMES> all(sk_GENERAL_NAME_new_null());
  if (all == nullptr || !AddName(*all, GEN_DNS, kTlsServerName)) return false;
  for (const std::string& name : names) {
    if (!AddName(*all, GEN_URI, name)) return false;
  }
  constexpr int kCritical = 0;  // as it has a subject, too
  return X509_add1_ext_i2d(&certificate, NID_subject_alt_name, all.get(), kCritical,
                           X509V3_ADD_DEFAULT) == 1;
}

bool SetTime(ASN1_TIME* to, absl::Time time) {
  return ASN1_TIME_set(to, absl::ToTimeT(time)) != nullptr;
}

bool SetSubject(X509& certificate, const std::string& name) {
  X509_NAME* const subject = X509_get_subject_name(&certificate);
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                    0) == 1;
}

// What all have.
Owned<X509> Begin(EVP_PKEY& key, const std::string& subject, absl::Time from, absl::Time until) {
  Owned<X509> certificate(X509_new());
  const Owned<BIGNUM> serial(BN_new());
  const bool begun =
      certificate != nullptr && serial != nullptr &&
      X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) != nullptr &&
      SetTime(X509_getm_notBefore(certificate.get()), from) &&
      SetTime(X509_getm_notAfter(certificate.get()), until) && SetSubject(*certificate, subject) &&
      X509_set_pubkey(certificate.get(), &key) == 1;
  return begun ? std::move(certificate) : nullptr;
}

bool Sign(X509& certificate, X509& issuer, EVP_PKEY& key) {
  return X509_set_issuer_name(&certificate, X509_get_subject_name(&issuer)) == 1 &&
         AddExtension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
         X509_sign(&certificate, &key, EVP_sha256()) > 0;
}

}  // namespace

Authority::Authority(std::string pem, std::string roots, std::string trust_domain)
    : pem_(std::move(pem)), roots_(std::move(roots)), trust_domain_(std::move(trust_domain)) {}

absl::StatusOr<Authority> Authority::New(std::string_view trust_domain, absl::Time now) {
  if (absl::Status valid = CheckTrustDomain(trust_domain); !valid.ok()) return valid;
  absl::StatusOr<Owned<EVP_PKEY>> key = internal::NewKey();
  if (!key.ok()) return key.status();
  const Owned<X509> root = Begin(**key, "Chains platform", now - kClocksDiffer, now + kRootLife);
  if (root == nullptr ||
      !AddExtension(*root, *root, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !AddExtension(*root, *root, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !AddNames(*root, {Text("spiffe://", trust_domain)}) || !Sign(*root, *root, **key)) {
    return CannotMake();
  }
  absl::StatusOr<std::string> key_pem = internal::ToPem(**key);
  if (!key_pem.ok()) return key_pem.status();
  absl::StatusOr<std::string> root_pem = internal::ToPem(*root);
  if (!root_pem.ok()) return root_pem.status();
  return Authority(*key_pem + *root_pem, *root_pem, std::string(trust_domain));
}

absl::StatusOr<Authority> Authority::FromPem(std::string pem) {
  if (absl::Status matches = internal::CheckKeyMatches(pem); !matches.ok()) return matches;
  absl::StatusOr<Owned<X509>> root = internal::CertificateFrom(pem);
  if (!root.ok()) return root.status();
  absl::StatusOr<std::string> roots = internal::ToPem(**root);
  if (!roots.ok()) return roots.status();
  absl::StatusOr<internal::CertificateFacts> facts = internal::ReadCertificate(*roots);
  if (!facts.ok()) return facts.status();
  if (facts->names.size() != 1 || X509_check_ca(root->get()) != 1) {
    return Invalid("the certificate is not that of an authority of a platform");
  }
  absl::StatusOr<std::string> domain = TrustDomainOf(facts->names.front());
  if (!domain.ok()) return domain.status();
  return Authority(std::move(pem), *std::move(roots), *std::move(domain));
}

absl::StatusOr<std::string> Authority::Certify(const std::string& request_pem,
                                               const PeerNames& names, absl::Time now,
                                               absl::Duration life) const {
  if (names.empty()) return absl::InvalidArgumentError("a certificate for nobody");
  absl::StatusOr<Owned<X509_REQ>> request = internal::RequestFrom(request_pem);
  if (!request.ok()) return request.status();
  EVP_PKEY* const theirs = X509_REQ_get0_pubkey(request->get());
  if (theirs == nullptr || X509_REQ_verify(request->get(), theirs) != 1) {
    return Invalid("the signing request is not signed with the key that it has");
  }
  absl::StatusOr<Owned<EVP_PKEY>> key = internal::KeyFrom(pem_);
  if (!key.ok()) return key.status();
  absl::StatusOr<Owned<X509>> root = internal::CertificateFrom(roots_);
  if (!root.ok()) return root.status();
  const Owned<X509> made = Begin(*theirs, "Chains", now - kClocksDiffer, now + life);
  if (made == nullptr || !AddExtension(*made, **root, NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(*made, **root, NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(*made, **root, NID_ext_key_usage, "serverAuth,clientAuth") ||
      !AddNames(*made, names) || !Sign(*made, **root, **key)) {
    return CannotMake();
  }
  return internal::ToPem(*made);
}

}  // namespace chains
