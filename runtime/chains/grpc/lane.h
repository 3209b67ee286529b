// Lane: the part of a server that belongs to one reactor.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>

#include "absl/time/time.h"
#include "chains/contract/service.h"
#include "chains/core/intrusive_list.h"
#include "chains/grpc/health.h"
#include "chains/grpc/reactor.h"

namespace chains::internal {

class ServerCall;

// Health and reflection, as opposed to what chainlets answer.
inline bool IsHousekeeping(std::string_view path) { return path.starts_with("/grpc."); }
inline bool IsReflection(std::string_view path) { return path.starts_with("/grpc.reflection."); }

// For the reactor's thread (or before it starts), unless it says otherwise.
class Lane {
 public:
  struct Options {
    std::string replica;
    size_t max_calls = 20000;
  };
  // `calls` is the server's, and outlives the lane.
  Lane(WorkerPool& workers, std::unique_ptr<grpc::ServerCompletionQueue> queue,
       grpc::AsyncGenericService& calls, Options options);
  ~Lane();
  Lane(const Lane&) = delete;

  Reactor& reactor() { return reactor_; }
  Health& health() { return health_; }
  Service& service() { return service_; }
  const Options& options() const { return options_; }

  // Takes one more call when it comes; with every call that came, another one.
  void AcceptOne();
  // For ServerCall: hands it to gRPC.
  void Request(grpc::GenericServerContext& context, grpc::GenericServerAsyncReaderWriter& stream,
               void* tag) {
    calls_.RequestCall(&context, &stream, &queue_, &queue_, tag);
  }

  // Tells who watches health or asks for reflection to go; the latter are cut.
  void Leave();
  // Calls that are still there at `deadline` are dropped and answered with UNAVAILABLE.
  void EndAt(absl::Time deadline);

  // "hello.SayHello, hello.HelloAll": what it serves.
  std::string Contracts() const;

  // Calls that were taken and are not over. Any thread.
  std::atomic<size_t>& in_flight() { return in_flight_; }
  internal::IntrusiveList<ServerCall>& running() { return running_; }

 private:
  class End final : public Loop::Timer {
   public:
    explicit End(Lane& lane) : lane_(lane) {}
    void Fire() override;

   private:
    Lane& lane_;
  };

  const Options options_;
  grpc::ServerCompletionQueue& queue_;  // reactor_'s
  grpc::AsyncGenericService& calls_;
  Reactor reactor_;
  Health health_;
  Service service_;
  IntrusiveList<ServerCall> running_;
  std::atomic<size_t> in_flight_{0};
  End end_{*this};
};

}  // namespace chains::internal
