// ApiClient: talks to a Kubernetes API server about objects.
//
//   ApiClient api(transport, {.field_manager = "chains-platform"});
//   Json pod = co_await api.Get(kinds::kPod, "chains", "hello-x7k2p");
//   Json kept = co_await api.Apply(deployment, {.force = true});       // server-side apply
//   ObjectList pods = co_await api.List(kinds::kPod, "chains", "chains.dev/chain=hello");
//   Stream<WatchEvent> events = api.Watch(kinds::kPod, "chains", "", pods.resource_version);
//
// Failures name verb, kind and object, and repeat what the server said:
//   NOT_FOUND            404                      INVALID_ARGUMENT   400, 415, 422: the object
//   ALREADY_EXISTS       409 AlreadyExists        PERMISSION_DENIED  403: with the rule it lacks
//   ABORTED              409 Conflict: read it    UNAUTHENTICATED    401: the token or certificate
//                        again and decide again   OUT_OF_RANGE       410 Gone: list again
//   RESOURCE_EXHAUSTED   429, after all attempts  UNAVAILABLE        5xx, no connection
//
// What changes nothing or can be repeated (Get, List, Apply, Delete with a uid, Replace with a
// resourceVersion) is tried again after 429 (Retry-After, at most 10 s), 500, 502, 503, 504 and
// lost connections: with back-off from 100 ms, jittered, up to `attempts` and the caller's
// deadline.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"
#include "deploy/apiserver/object.h"
#include "deploy/apiserver/transport.h"

namespace chains::deploy {

struct ObjectList {
  std::vector<Json> items;       // each with apiVersion and kind
  std::string resource_version;  // from which a watch goes on
};

struct WatchEvent {
  enum class Type { kAdded, kModified, kDeleted, kBookmark };
  Type type = Type::kBookmark;
  Json object;
};

struct ApplyOptions {
  bool force = false;            // takes over fields that other managers own
  bool dry_run = false;          // the server checks and defaults, and keeps nothing
  std::string subresource = {};  // "status", "scale"
};

struct DeleteOptions {
  std::string uid = {};               // only this one; ABORTED where it is another by now
  std::string resource_version = {};  // only this version of it
  // How long a pod has; nullopt: as it says itself.
  std::optional<int> grace_seconds = std::nullopt;
  std::string propagation = "Background";  // or "Foreground", "Orphan"
};

// Of any loop. Thread-safe.
class ApiClient {
 public:
  struct Options {
    std::string field_manager = "chains";
    int attempts = 5;
    absl::Duration timeout = absl::Seconds(20);  // of one attempt
    int page = 500;                              // objects in one answer of a list
    // From 0 to 1, of what is waited between attempts; null: at random. For tests, which repeat.
    std::function<double()> jitter = nullptr;
  };
  // `transport` outlives it.
  ApiClient(Transport& transport, Options options)
      : transport_(transport), options_(std::move(options)) {}

  // An empty namespace: of the cluster, or all namespaces in List and Watch.
  Task<Json> Get(ObjectKind kind, std::string in_namespace, std::string name);
  // All pages. A list that is Gone between two pages is begun anew.
  Task<ObjectList> List(ObjectKind kind, std::string in_namespace, std::string label_selector);
  // Begins after `resource_version`; asks for bookmarks. Ends when the server ends it (it does,
  // every few minutes). OUT_OF_RANGE: list again.
  Stream<WatchEvent> Watch(ObjectKind kind, std::string in_namespace, std::string label_selector,
                           std::string resource_version);
  // The object's apiVersion, kind and metadata say what it is. Unknown fields are an error
  // (fieldValidation=Strict). Without `force` a field that another manager owns is ABORTED, which
  // names both.
  Task<Json> Apply(Json object, ApplyOptions options);
  Task<Json> Create(Json object);
  // With metadata.resourceVersion: ABORTED where that is not the latest.
  Task<Json> Replace(Json object);
  // A JSON merge patch (RFC 7386).
  Task<Json> Merge(ObjectKind kind, std::string in_namespace, std::string name, Json patch,
                   std::string subresource);
  // OK also where it is gone already.
  Task<void> Delete(ObjectKind kind, std::string in_namespace, std::string name,
                    DeleteOptions options);
  // What a container wrote last; for reports.
  Task<std::string> PodLog(std::string in_namespace, std::string pod, std::string container,
                           int tail_lines, bool previous);
  // "v1.36.2"
  Task<std::string> ServerVersion();

  const Options& options() const { return options_; }
  // Between half of it and all of it, so that those who failed together do not come back together.
  absl::Duration Jittered(absl::Duration wait) const;

 private:
  Task<Json> Ask(HttpRequest request, bool repeatable, std::string what);
  Task<HttpResponse> Attempt(HttpRequest request, bool repeatable, std::string what);
  static Task<void> Gone(Task<HttpResponse> deleting);
  absl::Status Lost(const absl::Status& status, bool too_late, std::string_view what) const;

  Transport& transport_;
  const Options options_;
};

}  // namespace chains::deploy
