// Operations: what can be asked of one route, as items of `paths`.
//
//   Operations operations(place, schemas, ids, json);
//   for (const auto& method : transcoder.methods()) operations.Write(*method);
#pragma once

#include <string>
#include <string_view>

#include "chains/json/json_writer.h"
#include "chains/json/transcoder.h"
#include "gateway/openapi/names.h"
#include "gateway/openapi/schemas.h"

namespace chains::gateway::openapi {

class Operations {
 public:
  struct Place {
    std::string path = {};   // what stands before "/run_remote"; may be empty
    std::string words = {};  // what operations' ids begin with; may be empty
    std::string tag = {};    // the chain
    bool has_async = false;  // unary methods can be called without waiting for them
  };

  // All of it outlives this.
  Operations(const Place& place, const Schemas& schemas, OperationIds& ids, json::JsonWriter& out)
      : place_(place), schemas_(schemas), ids_(ids), out_(out) {}

  // The items of a method: its own path, and where it can be called asynchronously that one.
  void Write(const json::Transcoder::Method& method);
  // POST …/wake, which starts replicas.
  void WriteWake();

 private:
  using Method = json::Transcoder::Method;

  void WritePost(const Method& method);
  void WriteGet(const Method& method);
  void WriteAsync(const Method& method);
  void WriteFiles(const Method& method);
  void WriteFileOperation(const Method& method, bool head_only);

  // Opens an operation and writes what all have; the caller ends it.
  void Begin(std::string_view http_method, std::string_view words, std::string_view summary,
             std::string_view description);
  void BeginMethod(std::string_view http_method, std::string_view prefix, const Method& method,
                   std::string_view notes);
  void WriteAnswers(const Method& method);

  const Place& place_;
  const Schemas& schemas_;
  OperationIds& ids_;
  json::JsonWriter& out_;
};

// The operations of an asynchronous request by its id, and their schemas; what is posted to a
// webhook. Entries of `paths`, `components/schemas` and `webhooks`. `behind_server`: the document's
// server is a route, below which the path is not.
void WriteAsyncPaths(bool behind_server, OperationIds& ids, json::JsonWriter& out);
void WriteAsyncSchemas(json::JsonWriter& out);
void WriteWebhooks(OperationIds& ids, json::JsonWriter& out);

}  // namespace chains::gateway::openapi
