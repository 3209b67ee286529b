// FakeApi: what commands ask of an API server, from objects in memory. It is not strict: the
// double in tests/support/kubernetes is.
//
//   FakeApi api;
//   api.Put("/api/v1/namespaces/chains/pods/x", pod);
//   Cluster cluster(api.Transport(), "chains", "chains-platform");
//   EXPECT_THAT(api.asked(), Contains("DELETE /api/v1/namespaces/chains"));
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "deploy/apiserver/object.h"
#include "deploy/apiserver/transport.h"

namespace chains::deploy::cli {

// Thread-safe; outlives its transports.
class FakeApi {
 public:
  void Put(const std::string& path, Json object) {
    std::lock_guard lock(mutex_);
    objects_[path] = std::move(object);
  }
  void Drop(const std::string& path) {
    std::lock_guard lock(mutex_);
    objects_.erase(path);
  }
  Json At(const std::string& path) {
    std::lock_guard lock(mutex_);
    const auto found = objects_.find(path);
    return found == objects_.end() ? Json() : found->second;
  }
  std::vector<std::string> asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }
  // Called before each request is answered, without the lock.
  std::function<void(const std::string& method, const std::string& path)> on_ask = nullptr;
  std::string log;  // of every pod

  std::unique_ptr<deploy::Transport> Transport() { return std::make_unique<Connection>(*this); }

 private:
  class Connection final : public deploy::Transport {
   public:
    explicit Connection(FakeApi& api) : api_(api) {}
    Task<HttpResponse> Send(HttpRequest request, absl::Duration) override {
      HttpResponse response = api_.Answer(request);
      co_return response;
    }
    Stream<HttpResponse> Follow(HttpRequest, absl::Duration) override {
      co_await absl::UnimplementedError("no watches");
    }

   private:
    FakeApi& api_;
  };

  HttpResponse Answer(const HttpRequest& request) {
    const std::vector<std::string> parts =
        absl::StrSplit(request.target(), absl::MaxSplits('?', 1));
    const std::string& path = parts[0];
    const std::string query = parts.size() > 1 ? parts[1] : "";
    if (on_ask != nullptr) on_ask(request.method(), path);
    std::lock_guard lock(mutex_);
    asked_.push_back(request.method() + " " + path);
    if (request.method() == "GET") return Get(path, query);
    if (request.method() == "DELETE") return Delete(path);
    Json object = Json::parse(request.body());
    const std::string to = request.method() == "POST" ? path + "/" + NameOf(object) : path;
    if (request.method() == "PATCH" && objects_.contains(to)) {
      Json merged = objects_[to];
      merged.merge_patch(object);
      object = std::move(merged);
    }
    if (query.find("dryRun") == std::string::npos) objects_[to] = object;
    return Ok(object);
  }
  HttpResponse Get(const std::string& path, const std::string& query) {
    if (path.ends_with("/log")) return Answered(200, log);
    if (const auto found = objects_.find(path); found != objects_.end()) return Ok(found->second);
    Json items = Json::array();
    for (const auto& [at, object] : objects_) {
      const bool inside =
          at.starts_with(path + "/") && at.find('/', path.size() + 1) == std::string::npos;
      if (inside && Selected(object, query)) items.push_back(object);
    }
    // A collection, whether or not anything is in it.
    constexpr std::string_view kPlurals[] = {"/pods",
                                             "/configmaps",
                                             "/services",
                                             "/deployments",
                                             "/events",
                                             "/persistentvolumeclaims",
                                             "/poddisruptionbudgets",
                                             "/horizontalpodautoscalers"};
    for (const std::string_view plural : kPlurals) {
      if (path.ends_with(plural)) {
        return Ok({{"kind", "List"},
                   {"apiVersion", "v1"},
                   {"metadata", {{"resourceVersion", "7"}}},
                   {"items", items}});
      }
    }
    return NotFound(path);
  }
  HttpResponse Delete(const std::string& path) {
    if (objects_.erase(path) == 0) return NotFound(path);
    std::erase_if(objects_, [&](const auto& each) { return each.first.starts_with(path + "/"); });
    return Ok({{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Success"}});
  }
  // By labelSelector=a%3Db%2Cc%3Dd.
  static bool Selected(const Json& object, const std::string& query) {
    for (const absl::string_view part : absl::StrSplit(query, '&')) {
      const std::vector<std::string> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
      if (pair[0] != "labelSelector") continue;
      for (const absl::string_view term : absl::StrSplit(Decoded(pair[1]), ',')) {
        const std::vector<std::string> label = absl::StrSplit(term, absl::MaxSplits('=', 1));
        if (label[0] == "job-name") continue;  // made up by the command
        if (label.size() == 2 && LabelOf(object, label[0]) != label[1]) return false;
      }
    }
    return true;
  }
  static std::string Decoded(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        out += text[i];
        continue;
      }
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
    return out;
  }
  static HttpResponse Answered(int status, std::string body) {
    return {.status = status, .headers = {}, .body = std::move(body)};
  }
  static HttpResponse Ok(const Json& object) { return Answered(200, object.dump()); }
  static HttpResponse NotFound(const std::string& path) {
    const Json status = {{"kind", "Status"},
                         {"apiVersion", "v1"},
                         {"status", "Failure"},
                         {"reason", "NotFound"},
                         {"message", path + " not found"},
                         {"code", 404}};
    return Answered(404, status.dump());
  }

  std::mutex mutex_;
  std::map<std::string, Json> objects_;  // guarded by mutex_, by path
  std::vector<std::string> asked_;       // guarded by mutex_
};

}  // namespace chains::deploy::cli
