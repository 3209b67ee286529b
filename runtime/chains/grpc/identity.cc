// The one file that uses grpc::experimental: in gRPC 1.51 certificates that change are there.
#include "chains/grpc/identity.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "chains/core/text.h"
#include "chains/grpc/certificate.h"

namespace chains {
namespace {

namespace tls = grpc::experimental;

// Whether the other end has the name that it must have. That its certificate is valid, and of
// somebody who is trusted, was seen before.
class HasName final : public tls::ExternalCertificateVerifier {
 public:
  explicit HasName(std::string name) : name_(std::move(name)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* status) override {
    PeerNames names;
    for (const grpc::string_ref& uri : request->uri_names()) {
      names.emplace_back(uri.data(), uri.size());
    }
    const bool has = std::find(names.begin(), names.end(), name_) != names.end();
    *status = has ? grpc::Status::OK
                  : grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                 Text("it is ", ForPeople(names), ", and not ", name_));
    return true;  // at once
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::string name_;
};

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file || file.bad()) return absl::InvalidArgumentError(Text(path, ": it cannot be read"));
  return content;
}

absl::Status In(const std::string& path, const absl::Status& problem) {
  return absl::InvalidArgumentError(Text(path, ": ", MessageOf(problem)));
}

unsigned SecondsOf(absl::Duration look_every) {
  return static_cast<unsigned>(std::clamp<int64_t>(absl::ToInt64Seconds(look_every), 1, 3600));
}

std::shared_ptr<grpc::ChannelCredentials> ToPeerOver(
    std::shared_ptr<tls::CertificateProviderInterface> files, bool named, std::string name) {
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::move(files));
  options.watch_root_certs();
  if (named) options.watch_identity_key_cert_pairs();
  options.set_certificate_verifier(
      tls::ExternalCertificateVerifier::Create<HasName>(std::move(name)));
  options.set_check_call_host(false);  // it is the verifier who says who is meant
  return tls::TlsCredentials(options);
}

}  // namespace

class Identity::Files {
 public:
  Files(const std::string& identity, const std::string& roots, unsigned look_every)
      : provider(std::make_shared<tls::FileWatcherCertificateProvider>(identity, identity, roots,
                                                                       look_every)) {}
  const std::shared_ptr<tls::FileWatcherCertificateProvider> provider;
};

Identity::Identity(std::unique_ptr<const Files> files, PeerNames names, std::string trust_domain)
    : files_(std::move(files)), names_(std::move(names)), trust_domain_(std::move(trust_domain)) {}
Identity::~Identity() = default;

absl::StatusOr<std::shared_ptr<const Identity>> Identity::Load(Options options) {
  const std::string identity_path = Text(options.folder, "/identity.pem");
  const std::string roots_path = Text(options.folder, "/roots.pem");
  absl::StatusOr<std::string> identity = ReadFile(identity_path);
  if (!identity.ok()) return identity.status();
  absl::StatusOr<std::string> roots = ReadFile(roots_path);
  if (!roots.ok()) return roots.status();
  if (absl::Status matches = internal::CheckKeyMatches(*identity); !matches.ok()) {
    return In(identity_path, matches);
  }
  absl::StatusOr<internal::CertificateFacts> own = internal::ReadCertificate(*identity);
  if (!own.ok()) return In(identity_path, own.status());
  if (absl::Status root = internal::ReadCertificate(*roots).status(); !root.ok()) {
    return In(roots_path, root);
  }
  if (own->names.empty()) {
    return In(identity_path, absl::NotFoundError("the certificate names nobody: it has no URI "
                                                 "spiffe://… as subject alternative name"));
  }
  absl::StatusOr<std::string> domain = TrustDomainOf(own->names.front());
  if (!domain.ok()) return In(identity_path, domain.status());
  auto files =
      std::make_unique<const Files>(identity_path, roots_path, SecondsOf(options.look_every));
  return std::shared_ptr<const Identity>(
      new Identity(std::move(files), std::move(own->names), *std::move(domain)));
}

std::shared_ptr<grpc::ServerCredentials> Identity::ForServer(Callers callers) const {
  tls::TlsServerCredentialsOptions options(files_->provider);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(callers == Callers::kNamed
                                    ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                    : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return tls::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> Identity::ToPeer(std::string name) const {
  return ToPeerOver(files_->provider, true, std::move(name));
}

std::shared_ptr<grpc::ChannelCredentials> ToPeerUnnamed(const std::string& roots, std::string name,
                                                        absl::Duration look_every) {
  return ToPeerOver(
      std::make_shared<tls::FileWatcherCertificateProvider>(roots, SecondsOf(look_every)), false,
      std::move(name));
}

}  // namespace chains
