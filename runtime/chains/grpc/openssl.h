// OpenSSL's objects as owned pointers, to and from PEM text; for certificates alone.
//
//   absl::StatusOr<Owned<X509>> certificate = CertificateFrom(pem);
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "absl/status/statusor.h"

namespace chains::internal {

struct FreeOpenSsl {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(X509_REQ* request) const { X509_REQ_free(request); }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeOpenSsl>;

// ": " and what this thread's OpenSSL says last, or nothing. Its list of errors is empty
// afterwards.
std::string WhyNot();
// INVALID_ARGUMENT, with that.
absl::Status Invalid(std::string_view what);

// The first of its kind in the text, whatever stands before it. INVALID_ARGUMENT: there is none
// that can be read without a password. Texts over 1 MiB are refused.
absl::StatusOr<Owned<X509>> CertificateFrom(const std::string& pem);
absl::StatusOr<Owned<EVP_PKEY>> KeyFrom(const std::string& pem);
absl::StatusOr<Owned<X509_REQ>> RequestFrom(const std::string& pem);

absl::StatusOr<std::string> ToPem(EVP_PKEY& key);  // PKCS #8: secret
absl::StatusOr<std::string> ToPem(X509& certificate);
absl::StatusOr<std::string> ToPem(X509_REQ& request);

absl::StatusOr<Owned<EVP_PKEY>> NewKey();  // on the curve P-256

}  // namespace chains::internal
