// The descriptors of a chain's entrypoint, asked for by gRPC reflection at a gateway.
#pragma once

#include <string>

#include <google/protobuf/descriptor.pb.h>

#include "absl/status/statusor.h"
#include "chains/core/context.h"

namespace chains::deploy::cli {

// The file of `service` ("hello.HelloAll") and all that it imports. `metadata` says which chain,
// and has the key. Waits for 10 s at most. UNIMPLEMENTED: nobody reflects at `address`.
absl::StatusOr<google::protobuf::FileDescriptorSet> AskForContract(const std::string& address,
                                                                   const std::string& service,
                                                                   const Headers& metadata);

}  // namespace chains::deploy::cli
