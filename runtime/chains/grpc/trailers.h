// How much room there is in a call's trailing metadata. A receiver drops the whole call above 8 KiB
// (gRPC's default), with RESOURCE_EXHAUSTED instead of what the callee said.
#pragma once

#include <cstddef>
#include <string_view>

#include <grpcpp/support/status.h>

namespace chains::internal {

// For values that are binary, beside a status with this message and these details; 0 when full.
size_t RoomInTrailers(const grpc::Status& status);

// As much of `message` as fits beside binary details of so many bytes, whole UTF-8 characters, at
// most `max_bytes`. gRPC quotes it: what is not printable takes three times its size.
std::string_view CutToTrailers(std::string_view message, size_t max_bytes, size_t detail_bytes);

}  // namespace chains::internal
