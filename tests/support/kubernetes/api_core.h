// ApiCore: what an API server answers, without a network or waiting: api_server.h has these.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "deploy/apiserver/transport.h"
#include "tests/support/kubernetes/object_store.h"
#include "tests/support/kubernetes/selectors.h"
#include "tests/support/kubernetes/writer.h"

namespace chains::deploy::fake {

// A place in what happens, for one watch.
class WatchCursor {
 public:
  const Resource* resource = nullptr;
  std::string in_namespace;
  Selector selector;
  uint64_t seen = 0;  // the last version that it went past
  bool bookmarks = false;
  absl::Time ends;                 // the server ends it then
  std::vector<std::string> first;  // lines that come before all else
};

// Not thread-safe.
class ApiCore {
 public:
  ApiCore();

  HttpResponse Handle(const HttpRequest& request, absl::Time now);
  // A watch begins; or the answer that refuses it.
  std::optional<HttpResponse> BeginWatch(const HttpRequest& request, absl::Time now,
                                         WatchCursor& cursor);
  // What came since; OUT_OF_RANGE's line where that is forgotten.
  std::vector<std::string> NextLines(WatchCursor& cursor);
  std::string BookmarkLine(const WatchCursor& cursor) const;

  // Where it is not there already.
  void MakeNamespace(const std::string& name, absl::Time now = absl::UnixEpoch());

  ObjectStore& store() { return store_; }
  const ObjectStore& store() const { return store_; }
  // What a pod wrote, for pods/log.
  std::map<std::string, std::string> pod_logs;
  // What the caller may do; nullopt: everything. Rules as a Role has them.
  std::optional<Json> rules;

 private:
  HttpResponse HandleObject(const ApiRequest& request, const HttpRequest& http, absl::Time now);
  HttpResponse HandleScale(const ApiRequest& request, const Json& body, absl::Time now);
  HttpResponse List(const ApiRequest& request);
  HttpResponse Get(const ApiRequest& request);
  HttpResponse DeleteAll(const ApiRequest& request, const Json& options, absl::Time now);
  HttpResponse Write(const ApiRequest& request, const HttpRequest& http, Json body, absl::Time now);
  std::vector<Json> Matching(const ApiRequest& request, const Selector& selector) const;
  HttpResponse PageOf(const ApiRequest& request, std::vector<Json> items, uint64_t version);
  std::optional<HttpResponse> Denied(const ApiRequest& request) const;

  struct Rest {
    std::vector<Json> items;
    uint64_t version = 0;
  };
  ObjectStore store_;
  std::map<std::string, Rest> pages_;  // by token
  uint64_t tokens_ = 0;
};

}  // namespace chains::deploy::fake
