// Identity: who this process is to others, over TLS in which both ends show a certificate.
//
//   absl::StatusOr<std::shared_ptr<const Identity>> identity = Identity::Load({.folder =
//   "/run/id"}); options.identity = *identity;                              // of a GrpcServer
//   GrpcChannel channel(address, reactor, {.credentials = (*identity)->ToPeer(
//       ChainletPeer((*identity)->trust_domain(), "hello", "hello.SayHello"))});
//
// Two files in the folder, both PEM, may be exchanged at any time (by rename(), so that none is
// ever half there): new connections use what is there then, connections that are open stay. A file
// that cannot be used fails new connections, until one that can is there.
//
//   identity.pem   the private key, and the certificate with those that vouch for it
//   roots.pem      who is trusted to vouch for others
//
// Key and certificate are one file because two cannot be exchanged at one moment.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/grpc/peer_names.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace chains {

// Thread-safe. Connections outlive it where they must.
class Identity {
 public:
  struct Options {
    std::string folder;
    // How often it looks whether the files have changed; at least a second, in whole seconds.
    absl::Duration look_every = absl::Seconds(10);
  };
  // INVALID_ARGUMENT names the file that cannot be used, and why.
  static absl::StatusOr<std::shared_ptr<const Identity>> Load(Options options);
  ~Identity();
  Identity(const Identity&) = delete;

  // As they were at Load().
  const PeerNames& names() const { return names_; }
  const std::string& trust_domain() const { return trust_domain_; }

  // For a server whose callers must show a certificate; kOptional: may come without.
  enum class Callers { kNamed, kOptional };
  std::shared_ptr<grpc::ServerCredentials> ForServer(Callers callers) const;
  // For connections to a process whose certificate has that name; to no other one.
  std::shared_ptr<grpc::ChannelCredentials> ToPeer(std::string name) const;

 private:
  class Files;
  Identity(std::unique_ptr<const Files> files, PeerNames names, std::string trust_domain);

  const std::unique_ptr<const Files> files_;
  const PeerNames names_;
  const std::string trust_domain_;
};

// For connections of who has no certificate of its own (yet), to a process with that name, whom the
// certificates in the file `roots` vouch for. The file may be exchanged, as above.
std::shared_ptr<grpc::ChannelCredentials> ToPeerUnnamed(
    const std::string& roots, std::string name, absl::Duration look_every = absl::Seconds(10));

}  // namespace chains
