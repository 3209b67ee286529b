// A Transport that answers what a test says, in order, and remembers what it was asked.
//
//   ScriptedTransport server;
//   server.Answer(200, R"({"kind":"Pod"})");
//   server.Fail(absl::UnavailableError("connection refused"));
//   …
//   EXPECT_EQ(server.asked()[0].target(), "/api/v1/pods");
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chains/core/timing.h"
#include "deploy/apiserver/transport.h"

namespace chains::deploy {

// On one loop.
class ScriptedTransport : public Transport {
 public:
  void Answer(int status, std::string body, std::map<std::string, std::string> headers = {}) {
    Script script;
    script.response = {.status = status, .headers = std::move(headers), .body = std::move(body)};
    scripts_.push_back(std::move(script));
  }
  void Fail(absl::Status failure) {
    Script script;
    script.failure = std::move(failure);
    scripts_.push_back(std::move(script));
  }
  // No answer until the request's time is over.
  void Hang() { Fail(absl::UnknownError("hangs")); }
  // A watch with these lines. A failure ends it; without one it ends well, or never where `stays`.
  void Lines(std::vector<std::string> lines, absl::Status end = absl::OkStatus(),
             bool stays = false) {
    Script script;
    script.response.status = 200;
    script.lines = std::move(lines);
    script.failure = std::move(end);
    script.stays = stays;
    scripts_.push_back(std::move(script));
  }

  Task<HttpResponse> Send(HttpRequest request, absl::Duration timeout) override {
    asked_.push_back(std::move(request));
    Script script = Take();
    if (absl::IsUnknown(script.failure)) {
      co_await Sleep(timeout);
      co_return absl::DeadlineExceededError("it hung");
    }
    if (!script.failure.ok()) co_return script.failure;
    co_return std::move(script.response);
  }

  Stream<HttpResponse> Follow(HttpRequest request, absl::Duration) override {
    asked_.push_back(std::move(request));
    Script script = Take();
    if (script.lines.empty() && !script.stays && !script.failure.ok()) co_await script.failure;
    co_yield script.response;
    for (std::string& line : script.lines) {
      HttpResponse item;
      item.status = 200;
      item.body = std::move(line);
      co_yield std::move(item);
    }
    if (script.stays) co_await Sleep(absl::Hours(24 * 365));
    co_await script.failure;
  }

  const std::vector<HttpRequest>& asked() const { return asked_; }
  bool done() const { return scripts_.empty(); }

 private:
  struct Script {
    HttpResponse response;
    absl::Status failure;
    std::vector<std::string> lines;
    bool stays = false;
  };

  // What was not said hangs for good.
  Script Take() {
    Script script;
    script.stays = true;
    script.response.status = 200;
    if (!scripts_.empty()) {
      script = std::move(scripts_.front());
      scripts_.pop_front();
    } else {
      script.failure = absl::OkStatus();
    }
    return script;
  }

  std::deque<Script> scripts_;
  std::vector<HttpRequest> asked_;
};

}  // namespace chains::deploy
