#include "chains/chain/client.h"

#include <grpcpp/completion_queue.h>

namespace chains::internal {

ClientConnection::ClientConnection(const std::string& address)
    : reactor_(workers_, std::make_unique<grpc::CompletionQueue>()),
      channel_(ConnectTo(reactor_, {address})) {
  reactor_.Start();
}

ClientConnection::~ClientConnection() { reactor_.Stop(); }

}  // namespace chains::internal
