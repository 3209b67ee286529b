// Lane: the part of a server that belongs to one reactor.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/service.h"
#include "chains/contract/spans.h"
#include "chains/core/intrusive_list.h"
#include "chains/core/traced_times.h"
#include "chains/grpc/authorization.h"
#include "chains/grpc/callers.h"
#include "chains/grpc/health.h"
#include "chains/grpc/known_methods.h"
#include "chains/grpc/reactor.h"
#include "chains/grpc/time.h"

namespace chains::internal {

class ServedCarrier;
class ServerCall;

// Health and reflection, as opposed to what chainlets answer.
inline bool IsHousekeeping(std::string_view path) { return path.starts_with("/grpc."); }
inline bool IsHealth(std::string_view path) { return path.starts_with("/grpc.health."); }
inline bool IsReflection(std::string_view path) { return path.starts_with("/grpc.reflection."); }

// For the reactor's thread (or before it starts), unless it says otherwise.
class Lane {
 public:
  // Told of a call that failed by itself: not of one that was refused, or whose caller left.
  using OnFailure = std::function<void(const Context& context, const Method& method,
                                       const absl::Status& failure)>;
  struct Options {
    std::string replica;
    size_t max_calls = 20000;
    OnFailure on_failure;  // may be null; health and reflection left aside
    // Who may call what, health left aside; null: whoever reaches it, all.
    std::shared_ptr<const Authorization> authorization = nullptr;
    std::function<size_t()> in_flight;    // calls of all lanes, for callers that ask; may be null
    TracedTimes* traced_times = nullptr;  // told of calls that are recorded; may be null
    SpanQueue* spans = nullptr;           // of calls that are traced; null: none are
    // Whether callers may open carriers; after which age they are told to open another one, zero:
    // never.
    bool carriers = false;
    absl::Duration max_carrier_age = absl::ZeroDuration();
  };
  // `known` and `others` are the server's, and outlive the lane.
  Lane(WorkerPool& workers, std::unique_ptr<grpc::ServerCompletionQueue> queue, KnownMethods& known,
       grpc::AsyncGenericService& others, Options options);
  ~Lane();
  Lane(const Lane&) = delete;

  Reactor& reactor() { return reactor_; }
  Health& health() { return health_; }
  DeadlineClock& deadlines() { return deadlines_; }
  Service& service() { return service_; }
  // From now on it answers what no service has, and health and reflection in the lane's place.
  void SetFallback(Fallback fallback) { fallback_ = std::move(fallback); }
  const Fallback& fallback() const { return fallback_; }
  const Options& options() const { return options_; }
  Callers* callers() const { return callers_.get(); }  // null: nobody is asked who he is

  // Takes calls as they come. Once, when all services are here.
  void Accept();

  // For ServerCall. `known`: which of the methods that gRPC knows, or kOther.
  static constexpr size_t kOther = static_cast<size_t>(-1);
  // Waits for one call more.
  void AcceptOne(size_t known);
  // The same after what is ready by now: so an answer that is leaves first. To wait for a call
  // takes 2 µs of the 45 that an echo takes that comes alone.
  void AcceptOneLater(size_t known);
  // Waits for one carrier more.
  void AcceptCarrier();
  KnownMethods& known() { return known_; }
  grpc::AsyncGenericService& others() { return others_; }
  grpc::ServerCompletionQueue& queue() { return queue_; }
  // Who answers a known method, or null.
  const Service::Handler* handler(size_t known) const { return handlers_[known]; }
  // Who answers another one, or null.
  const Service::Handler* Find(std::string_view path) const;

  // Refuses calls from now on; OK: takes them again.
  void Refuse(absl::Status why) {
    max_calls_ = why.ok() ? options_.max_calls : 0;
    refusal_ = std::move(why);
  }
  // How many calls there may be: none while it refuses them.
  size_t max_calls() const { return max_calls_; }
  const absl::Status& refusal() const { return refusal_; }

  // Tells who watches health or asks for reflection to go; the latter are cut.
  void Leave();
  // Calls that are still there at `deadline` are dropped and answered with UNAVAILABLE.
  void EndAt(absl::Time deadline);

  // "hello.SayHello, hello.HelloAll": what it serves.
  std::string Contracts() const;

  // Calls that were taken and are not over. Any thread.
  std::atomic<size_t>& in_flight() { return in_flight_; }
  internal::IntrusiveList<ServerCall>& running() { return running_; }
  internal::IntrusiveList<ServedCarrier>& carriers() { return carriers_; }

 private:
  class Accepting final : public Loop::Job {
   public:
    explicit Accepting(Lane& lane) : lane_(lane) {}
    void Run() override;

   private:
    Lane& lane_;
  };
  class End final : public Loop::Timer {
   public:
    explicit End(Lane& lane) : lane_(lane) {}
    void Fire() override;

   private:
    Lane& lane_;
  };

  const Options options_;
  grpc::ServerCompletionQueue& queue_;  // reactor_'s
  KnownMethods& known_;
  grpc::AsyncGenericService& others_;
  Reactor reactor_;
  Health health_;
  DeadlineClock deadlines_;
  Service service_;
  Fallback fallback_;
  const std::unique_ptr<Callers> callers_;
  std::vector<const Service::Handler*> handlers_;  // service_'s, of known_
  IntrusiveList<ServerCall> running_;
  IntrusiveList<ServedCarrier> carriers_;
  std::atomic<size_t> in_flight_{0};
  size_t max_calls_ = options_.max_calls;
  absl::Status refusal_;           // OK: it takes calls
  std::vector<size_t> to_accept_;  // by accepting_
  Accepting accepting_{*this};
  End end_{*this};
};

}  // namespace chains::internal
