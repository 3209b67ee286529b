#include "chains/grpc/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "chains/core/text.h"

namespace chains::internal {
namespace {

constexpr size_t kLargestText = size_t{1} << 20;

// Nobody is asked for a password.
int NoPassword(char*, int, int, void*) { return -1; }

template <typename T>
absl::StatusOr<Owned<T>> Read(T* (*read)(BIO*, T**, pem_password_cb*, void*),
                              const std::string& pem, std::string_view what) {
  if (pem.size() > kLargestText) return Invalid("a text of over 1 MiB is not read");
  const Owned<BIO> reader(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (reader == nullptr) return absl::ResourceExhaustedError("no memory to read PEM");
  Owned<T> found(read(reader.get(), nullptr, NoPassword, nullptr));
  if (found == nullptr) return Invalid(Text("there is no ", what, " that can be read"));
  return found;
}

absl::StatusOr<std::string> Written(const Owned<BIO>& out, int written) {
  char* data = nullptr;
  const long size = out == nullptr ? 0 : BIO_get_mem_data(out.get(), &data);
  if (written != 1 || size <= 0) return absl::InternalError(Text("cannot write PEM", WhyNot()));
  return std::string(data, static_cast<size_t>(size));
}

}  // namespace

std::string WhyNot() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "" : Text(": ", reason);
}

absl::Status Invalid(std::string_view what) {
  return absl::InvalidArgumentError(Text(what, WhyNot()));
}

absl::StatusOr<Owned<X509>> CertificateFrom(const std::string& pem) {
  return Read(PEM_read_bio_X509, pem, "certificate");
}
absl::StatusOr<Owned<EVP_PKEY>> KeyFrom(const std::string& pem) {
  return Read(PEM_read_bio_PrivateKey, pem, "private key");
}
absl::StatusOr<Owned<X509_REQ>> RequestFrom(const std::string& pem) {
  return Read(PEM_read_bio_X509_REQ, pem, "signing request");
}

absl::StatusOr<std::string> ToPem(EVP_PKEY& key) {
  const Owned<BIO> out(BIO_new(BIO_s_secmem()));
  return Written(
      out, PEM_write_bio_PKCS8PrivateKey(out.get(), &key, nullptr, nullptr, 0, nullptr, nullptr));
}
absl::StatusOr<std::string> ToPem(X509& certificate) {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  return Written(out, PEM_write_bio_X509(out.get(), &certificate));
}
absl::StatusOr<std::string> ToPem(X509_REQ& request) {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  return Written(out, PEM_write_bio_X509_REQ(out.get(), &request));
}

absl::StatusOr<Owned<EVP_PKEY>> NewKey() {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (key == nullptr) return absl::InternalError(Text("cannot make a key", WhyNot()));
  return key;
}

}  // namespace chains::internal
