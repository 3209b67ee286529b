#include "chains/chain/client.h"

#include "chains/grpc/client_channel.h"

namespace chains::internal {

ClientConnection::ClientConnection(const std::string& address)
    : reactor_(workers_),
      channel_(std::make_unique<GrpcChannel>(
          address, reactor_, GrpcChannel::Options{.transparent_retries = true, .carries = true})) {
  reactor_.Start();
}

ClientConnection::~ClientConnection() { reactor_.Stop(); }

}  // namespace chains::internal
