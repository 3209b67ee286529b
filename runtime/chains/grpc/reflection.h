// Reflection: grpc.reflection.v1 and v1alpha, so that generic gRPC clients can call a replica.
#pragma once

#include <vector>

#include <google/protobuf/descriptor.h>

#include "chains/contract/method.h"
#include "chains/contract/service.h"

namespace chains {

// Answers from the descriptors of these contracts, and of every file that theirs import. The
// ServiceInfos outlive the Service.
Service MakeReflection(std::vector<const ServiceInfo*> contracts);
// The same from descriptors, which outlive the Service and its tasks with their pools.
Service MakeReflection(const std::vector<const google::protobuf::ServiceDescriptor*>& contracts);

}  // namespace chains
