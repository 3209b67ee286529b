// A gRPC service that was deployed elsewhere, by somebody else: what calls to it must know.
//
//   chains::GrpcChannel channel("models.example:443", reactor, {
//       .credentials = chains::ToPublicServer(*chains::SystemRoots()),
//       .elsewhere = chains::Elsewhere{.token = read_token}});
//
// It is sent the deadline, the trace, the priority and whether this is a further attempt, but
// neither the headers of the request that is worked for nor a wish for a receipt. Connections are
// not pinged while they are idle, because servers of others answer that with GOAWAY.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <grpcpp/security/credentials.h>

#include "absl/status/statusor.h"

namespace chains {

struct Elsewhere {
  // The next call's bearer token; null: none. Asked on the reactor's thread, so it is quick. A
  // failure is the call's.
  std::function<absl::StatusOr<std::string>()> token = nullptr;
};

// TLS where the server alone shows a certificate: of the host that was connected to, and vouched
// for by one of `roots` (PEM).
std::shared_ptr<grpc::ChannelCredentials> ToPublicServer(const std::string& roots);

// The certificate authorities that this machine trusts: the file that SSL_CERT_FILE names, else
// Debian's. FAILED_PRECONDITION: there is none.
absl::StatusOr<std::string> SystemRoots();

// "Bearer " and `token`. INVALID_ARGUMENT: it is empty, or has characters that no header has.
absl::StatusOr<std::string> BearerOf(const std::string& token);

}  // namespace chains
