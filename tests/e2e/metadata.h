// What a test wants a client to send beside its request: METADATA="key=value;key=value".
#pragma once

#include <cstdlib>
#include <sstream>
#include <string>

#include <grpcpp/client_context.h>

inline void AddMetadata(grpc::ClientContext& context) {
  const char* const given = std::getenv("METADATA");
  std::istringstream pairs(given == nullptr ? "" : given);
  for (std::string pair; std::getline(pairs, pair, ';');) {
    const size_t equals = pair.find('=');
    if (equals != std::string::npos) {
      context.AddMetadata(pair.substr(0, equals), pair.substr(equals + 1));
    }
  }
}
