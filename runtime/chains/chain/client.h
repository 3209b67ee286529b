// Client<T>: calls a chainlet of a running chain from any C++ program.
//
//   chains::Client<hello::HelloAll> client("127.0.0.1:9001");
//   absl::StatusOr<HelloAllResponse> reply =
//       client.Call(&hello::HelloAll::RunRemote, request, {.timeout = absl::Seconds(5)});
//
// Thread-safe: calls wait on the calling thread and run on the client's own.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "chains/chain/replica.h"
#include "chains/contract/contract.h"
#include "chains/grpc/reactor.h"
#include "chains/grpc/run_on.h"

namespace chains {

struct CallOptions {
  absl::Duration timeout = absl::Seconds(60);
  Headers headers = {};  // names in lower case
};

namespace internal {

// The part of Client<T> that does not depend on T.
class ClientConnection {
 public:
  explicit ClientConnection(const std::string& address);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  Reactor& reactor() { return reactor_; }
  Channel& channel() { return *channel_; }

 private:
  WorkerPool workers_;
  Reactor reactor_;
  std::unique_ptr<Channel> channel_;
};

}  // namespace internal

template <typename T>
class Client {
  static_assert(ChainletContract<T>,
                "chains: Client<T> takes a chainlet class which protoc-gen-chains wrote: the "
                "contract, not a class that implements it");

 public:
  // "host:port" or "unix:/path". Connects with the first call.
  explicit Client(const std::string& address)
      : connection_(address), stub_(Contract<T>::Connect(connection_.channel())) {}

  // Calls a unary method and waits for the answer.
  template <typename Request, typename Reply>
  absl::StatusOr<Reply> Call(Task<Reply> (T::*method)(Request), Request request,
                             CallOptions options = {}) {
    return Run([method, &request](T& chainlet) { return (chainlet.*method)(std::move(request)); },
               std::move(options));
  }

  // Runs the task that `make` answers for a T& and waits for it: for streams, and several calls at
  // once. Both run on the client's thread.
  template <typename F>
  auto Run(F make, CallOptions options = {})
      -> absl::StatusOr<internal::Stored<typename std::invoke_result_t<F&, T&>::value_type>> {
    Context context(absl::Now() + options.timeout, "", std::move(options.headers));
    return RunOn(
        connection_.reactor(), [&] { return make(*stub_); }, std::move(context));
  }

 private:
  internal::ClientConnection connection_;
  std::unique_ptr<T> stub_;
};

}  // namespace chains
