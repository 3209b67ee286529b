// Method, ServiceInfo: what a contract says about itself. Generated code holds them as constants.
#pragma once

#include <span>
#include <string_view>

namespace google::protobuf {
class ServiceDescriptor;
}  // namespace google::protobuf

namespace chains {

enum class MethodKind { kUnary, kServerStreaming, kClientStreaming, kBidirectional };

struct Method {
  std::string_view chainlet;  // "hello.SayHello"
  std::string_view name;      // "RunRemote"
  std::string_view path;      // "/hello.SayHello/RunRemote"
  MethodKind kind = MethodKind::kUnary;
  bool idempotent = false;  // option idempotency_level = IDEMPOTENT or NO_SIDE_EFFECTS
  int line = 0;             // of the rpc in the .proto file
};

struct ServiceInfo {
  std::string_view name;        // "hello.SayHello"
  std::string_view proto_file;  // "hello.proto"
  int line = 0;                 // of the service in it
  std::span<const Method> methods;
  // With its file and all that it imports.
  const google::protobuf::ServiceDescriptor* (*descriptor)() = nullptr;
  // What its .proto file and those that it imports say in comments: a serialized FileDescriptorSet
  // of names and source_code_info. Null in a program that was linked without them: chainlets do
  // not depend on comments, only the program of chains_add_chain() carries them.
  const std::string_view* comments = nullptr;
};

}  // namespace chains
