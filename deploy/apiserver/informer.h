// Informer: all objects of a kind, kept as the API server has them: listed once, then watched.
//
//   Informer pods(api, {kinds::kPod, "chains", "app.kubernetes.io/managed-by=chains"}, notice);
//   …a task of the owner's runs pods.Run() for good…
//   if (pods.synced()) for (const auto& [name, pod] : pods.objects()) …
//
// A watch that ends or is lost goes on where it was; where that fails, or is Gone, it begins with a
// list, after which what is no longer there has been seen to go. Between failures it waits, from
// 100 ms to 10 s.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "chains/core/notice.h"
#include "chains/core/task.h"
#include "deploy/apiserver/api_client.h"

namespace chains::deploy {

// On one loop.
class Informer {
 public:
  struct What {
    ObjectKind kind;
    std::string in_namespace;
    std::string label_selector = {};
  };
  // Both outlive it. `changed` is given after every change, and when problem() changes.
  Informer(ApiClient& api, What what, Notice& changed)
      : api_(api), what_(std::move(what)), changed_(changed) {}
  Informer(const Informer&) = delete;

  // Never ends by itself.
  Task<void> Run();

  // Whether all was listed once.
  bool synced() const { return synced_; }
  // Why it is behind; OK: it is not.
  const absl::Status& problem() const { return problem_; }
  const std::map<std::string, Json>& objects() const { return objects_; }  // by name
  // Null: there is none.
  const Json* Find(const std::string& name) const;
  // What somebody wrote himself and got back, before the watch brings it. An older version than is
  // known changes nothing.
  void Note(Json object);

 private:
  Task<void> Once();
  Task<void> ListAll();
  Task<void> Follow();
  void Take(WatchEvent event);
  void Keep(Json object);
  void SetProblem(absl::Status problem);

  ApiClient& api_;
  const What what_;
  Notice& changed_;
  std::map<std::string, Json> objects_;
  std::string resource_version_;
  bool synced_ = false;
  bool progressed_ = false;  // the last watch brought something
  absl::Status problem_;
};

}  // namespace chains::deploy
