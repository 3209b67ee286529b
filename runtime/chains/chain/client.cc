#include "chains/chain/client.h"

namespace chains::internal {

ClientConnection::ClientConnection(const std::string& address)
    : reactor_(workers_), channel_(ConnectTo(reactor_, "", {address})) {
  reactor_.Start();
}

ClientConnection::~ClientConnection() { reactor_.Stop(); }

}  // namespace chains::internal
