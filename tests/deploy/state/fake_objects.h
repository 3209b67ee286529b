// FakeObjects: the part of an API server that keeps objects of the namespace chains, with trouble
// on the way as a test wants it. Of all kinds alike: what Kubernetes knows of Secrets holds for
// all.
//
//   FakeObjects server;
//   ApiClient api(server, {.attempts = 2});
//   server.Then([&](int number) { return number == 3 ? Trouble::kAnswerLost : Trouble::kNone; });
//
// The whole API, strictly, is in tests/support/kubernetes.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "deploy/apiserver/object.h"
#include "deploy/apiserver/transport.h"

namespace chains::deploy {

enum class Trouble {
  kNone,
  kRequestLost,  // nothing is done, and nobody answers
  kAnswerLost,   // it is done, and nobody answers
  kLate,         // nobody answers, and it is done at Arrive()
};

// Thread-safe.
class FakeObjects final : public Transport {
 public:
  // Asked before each request, with its number from 1 on; may do other requests meanwhile.
  using Hook = std::function<Trouble(int number)>;
  // The same, once what was asked has been done and before the answer.
  using After = std::function<void(int number)>;

  void Then(Hook hook, After after = nullptr);
  int requests() const;
  // What is on its way, of whomever, arrives: what came first does first.
  void Arrive();
  size_t size() const;
  std::map<std::string, Json> objects() const;  // by name
  void Remove(const std::string& name);
  void Put(const std::string& name, const Json& object);

  Task<HttpResponse> Send(HttpRequest request, absl::Duration timeout) override;
  Stream<HttpResponse> Follow(HttpRequest request, absl::Duration quiet) override;

 private:
  HttpResponse Do(const HttpRequest& request);
  HttpResponse Get(const std::string& name, const std::string& query);
  HttpResponse Write(Json object, const std::string& method);

  mutable std::mutex mutex_;
  std::map<std::string, Json> objects_;  // by name; guarded by mutex_, like all below
  std::deque<HttpRequest> late_;
  Hook hook_;
  After after_;
  int requests_ = 0;
  int64_t version_ = 100;
};

}  // namespace chains::deploy
