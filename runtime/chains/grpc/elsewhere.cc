#include "chains/grpc/elsewhere.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace chains {

std::shared_ptr<grpc::ChannelCredentials> ToPublicServer(const std::string& roots) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = roots;
  return grpc::SslCredentials(options);
}

absl::StatusOr<std::string> SystemRoots() {
  const char* const given = std::getenv("SSL_CERT_FILE");
  const std::string path =
      given != nullptr && *given != '\0' ? given : "/etc/ssl/certs/ca-certificates.crt";
  std::ifstream file(path, std::ios::binary);
  std::string roots((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.bad() && !roots.empty()) return roots;
  return absl::FailedPreconditionError(absl::StrCat(
      path,
      ": there are no certificate authorities to trust; install ca-certificates, or name a "
      "file of them in SSL_CERT_FILE"));
}

absl::StatusOr<std::string> BearerOf(const std::string& token) {
  const bool good = !token.empty() && std::all_of(token.begin(), token.end(),
                                                  [](char c) { return c > 0x20 && c < 0x7f; });
  if (good) return absl::StrCat("Bearer ", token);
  return absl::InvalidArgumentError(
      "the secret is no bearer token: one line of printable characters is expected");
}

}  // namespace chains
