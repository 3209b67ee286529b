// FakeChannel: an entrypoint that a test plays.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "chains/contract/channel.h"
#include "chains/core/task.h"
#include "chains/core/timing.h"

namespace chains::gateway {

class FakeChannel final : public Channel {
 public:
  // What a call to `path` answers.
  using Answer =
      std::function<absl::StatusOr<std::string>(std::string_view path, const std::string& request)>;

  Task<Bytes> Unary(const Method& method, Bytes request) override {
    return Call(*this, std::string(method.path), request.ToString());
  }
  Stream<Bytes> Streaming(const Method&, Stream<Bytes> requests) override { return requests; }

  Answer answer = [](std::string_view, const std::string&) {
    return absl::UnavailableError("nobody is here");
  };
  absl::Duration takes;  // before it answers
  int calls = 0;
  int live = 0;
  Context last_context;

 private:
  struct Counted {
    explicit Counted(int& count) : live(count) { ++live; }
    ~Counted() { --live; }
    int& live;
  };

  static Task<Bytes> Call(FakeChannel& self, std::string path, std::string request) {
    ++self.calls;
    const Counted counted(self.live);
    self.last_context = co_await CurrentContext();
    if (self.takes > absl::ZeroDuration()) co_await Sleep(self.takes);
    const std::string reply = co_await self.answer(path, request);
    co_return Bytes(reply);
  }
};

}  // namespace chains::gateway
