// Transcoder: the JSON of one contract, both ways, from its descriptors. No generated code.
//
//   auto transcoder = Transcoder::Create(descriptors, "hello.HelloAll");
//   const Transcoder::Method& method = *(*transcoder)->Find("run_remote");
//   auto wire = (*transcoder)->RequestToWire(method, R"({"names": ["Ada"]})");
//   auto json = (*transcoder)->ReplyToJson(method, reply);   // "Hello, Ada", quotes included
//
// Immutable: any thread may use it. Each call turns one message; a stream is one call an item.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/contract/method.h"
#include "chains/json/schema.h"

namespace chains::json {

class Transcoder {
 public:
  struct Limits {
    size_t max_wire_bytes = 101 << 20;  // of a request; more is RESOURCE_EXHAUSTED
    size_t max_json_bytes = 512 << 20;  // of a reply; more is RESOURCE_EXHAUSTED
    Dialect dialect = Dialect::kChains;
  };

  struct Method {
    std::string snake_name;  // "run_remote", as URLs have it
    const google::protobuf::MethodDescriptor* descriptor;
    const MessageSchema* request;
    const MessageSchema* reply;
    std::string path;  // "/hello.HelloAll/RunRemote"
    // Of an HTTP request's body, by the option (chains.v1.http); nullopt: the contract says
    // nothing.
    std::optional<uint64_t> max_body_bytes;
    // Where a service elsewhere answers it, by the same option; empty: the contract says nothing.
    std::string http_path;
    std::string http_verb;  // "POST" where only a path is given
    // Of a request that says nothing about it, by the same option.
    std::optional<absl::Duration> timeout;
    chains::Method call;  // for a Channel; it points into this and the descriptors
  };

  // `files` holds the contract's file and everything that it imports, in any order.
  // INVALID_ARGUMENT where they do not fit together, or an option of a method makes no sense,
  // NOT_FOUND where no such service is in them.
  static absl::StatusOr<std::unique_ptr<const Transcoder>> Create(
      const google::protobuf::FileDescriptorSet& files, std::string_view service, Limits limits);
  static absl::StatusOr<std::unique_ptr<const Transcoder>> Create(
      const google::protobuf::FileDescriptorSet& files, std::string_view service) {
    return Create(files, service, Limits());
  }
  Transcoder(const Transcoder&) = delete;
  Transcoder& operator=(const Transcoder&) = delete;

  const google::protobuf::ServiceDescriptor& service() const { return *service_; }
  const Schema& schema() const { return *schema_; }
  // In the order of the contract; they live as long as this.
  const std::vector<std::unique_ptr<const Method>>& methods() const { return methods_; }
  // nullptr without such a method.
  const Method* Find(std::string_view snake_name) const;

  // The same two for who asks: a request to JSON, a reply to wire bytes.
  absl::StatusOr<std::string> RequestToJson(const Method& method, std::string_view wire) const;
  absl::StatusOr<std::string> ReplyToWire(const Method& method, std::string_view json) const;

  // INVALID_ARGUMENT says what is wrong where, or all that is missing; see json_to_wire.h.
  absl::StatusOr<std::string> RequestToWire(const Method& method, std::string_view json) const;
  // See wire_to_json.h.
  absl::StatusOr<std::string> ReplyToJson(const Method& method, std::string_view wire) const;

 private:
  Transcoder(std::unique_ptr<google::protobuf::DescriptorPool> pool,
             const google::protobuf::ServiceDescriptor& service,
             const std::vector<const google::protobuf::FileDescriptor*>& files, Limits limits);

  const std::unique_ptr<google::protobuf::DescriptorPool> pool_;
  const google::protobuf::ServiceDescriptor* const service_;
  const std::unique_ptr<const Schema> schema_;
  const Limits limits_;
  std::vector<std::unique_ptr<const Method>> methods_;
};

// "RunRemote" → "run_remote", "GetHTTPUrl" → "get_http_url".
std::string SnakeCase(std::string_view name);

}  // namespace chains::json
