// ApiServerTest: an API server in memory with a namespace, and what asks it, on a fake clock.
//
//   Json made = Ask(api_.Apply(SampleConfigMap("a"), {})).value();
#pragma once

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/core/wait.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "tests/support/kubernetes/api_server.h"
#include "tests/support/kubernetes/refusal.h"
#include "tests/support/kubernetes/samples.h"

namespace chains::deploy::fake {

struct Answered {
  int status = 0;
  Json body;
};

class ApiServerTest : public ::testing::Test {
 protected:
  ApiServerTest() {
    server_.With([](ApiCore& core) { core.MakeNamespace("chains"); });
  }

  Answered Send(const std::string& method, const std::string& target, const Json& body = Json(),
                const std::string& type = "application/json") {
    HttpRequest request(method, target, body.is_null() ? "" : body.dump(), type);
    const absl::StatusOr<HttpResponse> response =
        Wait(server_.Send(std::move(request), absl::Seconds(30)), clock_);
    if (!response.ok()) return {.status = 0, .body = Json(response.status().ToString())};
    return {.status = response->status, .body = Json::parse(response->body, nullptr, false)};
  }
  Answered Apply(const Json& object, const std::string& manager, const std::string& more = "") {
    return Send("PATCH", Text(PathOf(object), "?fieldManager=", manager, more), object,
                "application/apply-patch+yaml");
  }
  Answered Get(const Json& object) { return Send("GET", PathOf(object)); }

  static std::string PathOf(const Json& object) {
    const std::string version = StringAt(object, "/apiVersion");
    const Resource* const resource = FindKind(version, StringAt(object, "/kind"));
    return Text(resource->group.empty() ? "/api/" : "/apis/", version, "/namespaces/chains/",
                resource->plural, "/", NameOf(object));
  }
  static std::string Collection(const Json& object) {
    const std::string path = PathOf(object);
    return path.substr(0, path.rfind('/'));
  }

  chains::testing::FakeClock clock_;
  ApiServer server_;
};

// The lines of a watch, while the test does something else.
class Watching {
 public:
  Watching(chains::testing::FakeClock& clock, ApiServer& server, std::string target)
      : running_(clock, Run(server, std::move(target))) {
    clock.Settle();
  }
  // "ADDED a", in order; and forgets them.
  std::vector<std::string> Taken() { return std::exchange(events_, {}); }
  const Json& last() const { return last_; }
  bool done() const { return running_.done(); }
  absl::Status status() const { return running_.outcome().status(); }

 private:
  Task<void> Run(ApiServer& server, std::string target) {
    HttpRequest request("GET", std::move(target));
    Stream<HttpResponse> lines = server.Follow(std::move(request), absl::Minutes(3));
    (void)co_await lines.Next();
    while (std::optional<HttpResponse> line = co_await lines.Next()) {
      last_ = Json::parse(line->body, nullptr, false);
      events_.push_back(Text(StringAt(last_, "/type"), " ", NameOf(At(last_, "/object"))));
    }
  }

  std::vector<std::string> events_;
  Json last_;
  chains::testing::Running<void> running_;
};

}  // namespace chains::deploy::fake
