// PlatformClient: calls chains.v1.Platform, with the remote's key, for a thread that waits.
//
//   PlatformClient platform(remote);
//   absl::StatusOr<v1::ListResponse> all = platform.Call(&v1::Platform::List, v1::ListRequest());
//   absl::Status end = platform.Each(&v1::Platform::Logs, request,
//                                     [&](v1::LogLine line) { … }, {.timeout = absl::Minutes(5)});
//
// A platform that is not there is said so, with how to start it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/v1/platform.chains.h"
#include "deploy/cli/remotes.h"

namespace chains::deploy::cli {

// Thread-safe.
class PlatformClient {
 public:
  explicit PlatformClient(Remote remote);
  ~PlatformClient();
  PlatformClient(const PlatformClient&) = delete;

  static constexpr absl::Duration kPatience = absl::Seconds(30);

  template <typename Request, typename Reply>
  absl::StatusOr<Reply> Call(Task<Reply> (v1::Platform::*method)(Request), Request request,
                             absl::Duration timeout = kPatience) {
    Reply reply;
    const absl::Status status = Run(
        [&](v1::Platform& platform) {
          return Into((platform.*method)(std::move(request)), &reply);
        },
        {.timeout = timeout});
    if (!status.ok()) return status;
    return reply;
  }

  struct Patience {
    absl::Duration timeout = kPatience;  // may be infinite
    std::stop_token stop = {};           // ends the call soon, with CANCELLED
  };

  // Calls `take`, on another thread, with what the stream brings, until it ends or fails, or `take`
  // answers false; the last is OK.
  template <typename Request, typename Item>
  absl::Status Each(Stream<Item> (v1::Platform::*method)(Request), Request request,
                    const std::function<bool(Item)>& take, const Patience& patience) {
    return Run(
        [&](v1::Platform& platform) {
          return Drained((platform.*method)(std::move(request)), &take);
        },
        patience);
  }

  // The task that `make` answers, on the client's thread.
  absl::Status Run(const std::function<Task<void>(v1::Platform&)>& make, const Patience& patience);

  const Remote& remote() const { return remote_; }

 private:
  class Connection;

  template <typename Reply>
  static Task<void> Into(Task<Reply> call, Reply* reply) {
    *reply = co_await std::move(call);
  }
  template <typename Item>
  static Task<void> Drained(Stream<Item> items, const std::function<bool(Item)>* take) {
    while (std::optional<Item> item = co_await items.Next()) {
      if (!(*take)(*std::move(item))) co_return;
    }
  }

  const Remote remote_;
  const std::unique_ptr<Connection> connection_;
};

}  // namespace chains::deploy::cli
