// PodPicker: finds a pod that is ready among those with some labels, on a thread of its own.
//
//   PodPicker picker(transport, "chains", "app=chains-platform");
//   picker.Pick("chains-platform-x7k2p", [](absl::StatusOr<std::string> pod) { … });
#pragma once

#include <future>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "chains/core/local_loop.h"
#include "chains/core/root.h"
#include "deploy/apiserver/api_client.h"
#include "deploy/apiserver/transport.h"

namespace chains::deploy {

// The name of a pod of a list that is ready: not `but`, where there is another. NOT_FOUND, with
// what is wrong with those that are there: none is.
absl::StatusOr<std::string> ReadyPodOf(const ObjectList& pods, const std::string& but);

// Thread-safe.
class PodPicker {
 public:
  // Called on the picker's thread; not at all once it is destroyed.
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  // `transport` outlives it.
  PodPicker(Transport& transport, std::string in_namespace, std::string label_selector);
  ~PodPicker();
  PodPicker(const PodPicker&) = delete;

  void Pick(std::string but, Done done);

 private:
  struct Search {
    Done done;
    std::unique_ptr<chains::internal::Root<std::string>> root;
  };

  void Run(std::promise<LocalLoop*> started);
  void Begin(std::string but, Done done);
  Task<std::string> Find(std::string but);

  ApiClient api_;
  const std::string in_namespace_;
  const std::string label_selector_;
  std::list<Search> searches_;  // on the thread
  bool stopping_ = false;       // on the thread
  std::thread thread_;
  LocalLoop* loop_;  // the thread's
};

}  // namespace chains::deploy
