// Listener: a gRPC server on some addresses, with a Lane for each of its reactors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/grpc/lane.h"

namespace chains::internal {

// For one thread, which is none of the reactors'.
class Listener {
 public:
  struct Place {
    std::string address;
    std::shared_ptr<grpc::ServerCredentials> credentials;  // null: in plaintext
  };
  // `contracts` and `max_age` (of connections) as in GrpcServer::Options.
  static absl::StatusOr<std::unique_ptr<Listener>> Listen(
      const std::vector<Place>& places, const std::vector<const ServiceInfo*>& contracts,
      size_t reactors, Lane::Options options, WorkerPool& workers,
      absl::Duration max_age = absl::ZeroDuration());
  ~Listener();  // ends at once
  Listener(const Listener&) = delete;

  // With the ports that were chosen.
  const std::vector<std::string>& addresses() const { return addresses_; }
  const std::vector<std::unique_ptr<Lane>>& lanes() const { return lanes_; }

  // Starts the reactors and takes calls.
  void Start();
  // Takes no further calls; those that run have until `deadline`. Then stops the reactors.
  void End(absl::Time deadline);

 private:
  Listener(const std::vector<const ServiceInfo*>& contracts, bool carriers)
      : known_(contracts, carriers) {}

  KnownMethods known_;
  grpc::AsyncGenericService others_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::string> addresses_;
};

}  // namespace chains::internal
