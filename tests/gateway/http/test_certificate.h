// TestCertificate: a key, and a certificate for "localhost" that it signed itself, in files.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace chains::gateway {

// A folder of its own, which it removes.
class TestCertificate {
 public:
  TestCertificate() {
    std::string name = (std::filesystem::temp_directory_path() / "chains-tls-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    Renew("first");
  }
  ~TestCertificate() { std::filesystem::remove_all(folder_); }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  std::string certificate() const { return folder_ + "/gateway.pem"; }
  std::string key() const { return folder_ + "/gateway.key"; }
  std::string pem() const { return pem_; }

  // Another key and certificate, for `organization`, in place of the files.
  void Renew(const std::string& organization) {
    WriteKey();
    WriteCertificate(organization);
  }
  // Only one of the two.
  void WriteKey() {
    key_.reset(EVP_EC_gen("P-256"));
    Replace(key(), [&](FILE* file) {
      PEM_write_PrivateKey(file, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  void WriteCertificate(const std::string& organization) {
    const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400);
    X509_set_pubkey(made.get(), key_.get());
    X509_NAME* const name = X509_get_subject_name(made.get());
    AddTo(name, "O", organization);
    AddTo(name, "CN", "localhost");
    X509_set_issuer_name(made.get(), name);
    AddExtension(*made, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    AddExtension(*made, NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(made.get(), key_.get(), EVP_sha256());
    Replace(certificate(), [&](FILE* file) { PEM_write_X509(file, made.get()); });
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_X509(bio.get(), made.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &bytes);
    pem_.assign(bytes, static_cast<size_t>(size));
  }

 private:
  static void AddTo(X509_NAME* name, const char* field, const std::string& value) {
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0);
  }
  static void AddExtension(X509& certificate, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    X509_add_ext(&certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  // As certificates are renewed: a new file takes the old one's name.
  template <typename Write>
  static void Replace(const std::string& path, Write write) {
    const std::string fresh = path + ".new";
    FILE* const file = fopen(fresh.c_str(), "w");
    write(file);
    fclose(file);
    std::filesystem::rename(fresh, path);
  }

  std::string folder_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{nullptr, EVP_PKEY_free};
  std::string pem_;
  long serial_ = 0;
};

}  // namespace chains::gateway
