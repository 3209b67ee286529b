// A platform for tests of replicas: what they report is kept, and they are ordered what the test
// says.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "chains/grpc/process.h"
#include "chains/grpc/server.h"
#include "chains/v1/control.chains.h"

namespace chains {

// Sends each replica the newest orders, and keeps what they report. Tests are on another thread
// than its reactor.
class FakeControl final : public v1::Control {
 public:
  Stream<v1::ReplicaOrders> Attach(Stream<v1::ReplicaReport> requests) override {
    internal::Here::Place here = co_await internal::Here();
    Began(here.context());
    internal::Root<void> reading(here.loop(), here.context(), Keep(std::move(requests)),
                                 [](const absl::StatusOr<internal::Unit>&) {});
    reading.Start();
    uint64_t sent = 0;
    while (true) {
      v1::ReplicaOrders next = Newest();
      if (next.version() != std::exchange(sent, next.version())) {
        co_yield std::move(next);
      } else {
        co_await changed_orders_.Wait();
      }
    }
  }
  Stream<v1::RouteTable> WatchRoutes(Stream<v1::RoutesSeen>) override { co_return; }
  Task<v1::WakeUpResponse> WakeUp(v1::WakeUpRequest) override { co_return v1::WakeUpResponse(); }
  Task<v1::CertifyResponse> Certify(v1::CertifyRequest request) override {
    absl::StatusOr<v1::CertifyResponse> answer = Answer(request);
    co_return answer;
  }

  // What Certify() answers; by default it refuses.
  using CertifyAnswer =
      std::function<absl::StatusOr<v1::CertifyResponse>(const v1::CertifyRequest&)>;
  void SetCertify(CertifyAnswer certify) {
    std::lock_guard lock(mutex_);
    certify_ = std::move(certify);
  }
  std::vector<v1::CertifyRequest> certified() {
    std::lock_guard lock(mutex_);
    return certified_;
  }
  // False when it was not asked so often, for 40 s.
  bool AwaitCertified(size_t times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(40),
                             [&] { return certified_.size() >= times; });
  }

  // For the next stream, and for those that are open after Ring().
  void SetOrders(v1::ReplicaOrders orders) {
    std::lock_guard lock(mutex_);
    newest_ = std::move(orders);
  }
  void Ring() { changed_orders_.Give(); }  // on its reactor

  // The first report from now on, or the last one, that `is_it`; nullopt when none came for 40 s.
  using Predicate = std::function<bool(const v1::ReplicaReport&)>;
  std::optional<v1::ReplicaReport> Await(const Predicate& is_it) {
    std::unique_lock lock(mutex_);
    size_t next = reports_.empty() ? 0 : reports_.size() - 1;
    std::optional<v1::ReplicaReport> found;
    changed_.wait_for(lock, std::chrono::seconds(40), [&] {
      for (; next < reports_.size() && !found; ++next) {
        if (is_it(reports_[next])) found = reports_[next];
      }
      return found.has_value();
    });
    return found;
  }
  std::vector<v1::ReplicaReport> reports() {
    std::lock_guard lock(mutex_);
    return reports_;
  }
  std::vector<std::string> tokens() {  // one a stream
    std::lock_guard lock(mutex_);
    return tokens_;
  }

 private:
  void Began(const Context& context) {
    std::lock_guard lock(mutex_);
    tokens_.emplace_back(context.Header("chains-token").value_or(""));
  }
  Task<void> Keep(Stream<v1::ReplicaReport> requests) {
    while (std::optional<v1::ReplicaReport> report = co_await requests.Next()) {
      std::lock_guard lock(mutex_);
      reports_.push_back(*std::move(report));
      changed_.notify_all();
    }
  }
  absl::StatusOr<v1::CertifyResponse> Answer(const v1::CertifyRequest& request) {
    std::lock_guard lock(mutex_);
    if (certify_ == nullptr) return absl::UnavailableError("not yet");
    certified_.push_back(request);
    changed_.notify_all();
    return certify_(request);
  }
  v1::ReplicaOrders Newest() {
    std::lock_guard lock(mutex_);
    return newest_;
  }

  Notice changed_orders_;
  std::mutex mutex_;
  std::condition_variable changed_;
  v1::ReplicaOrders newest_;                   // guarded by mutex_
  std::vector<v1::ReplicaReport> reports_;     // guarded by mutex_
  std::vector<std::string> tokens_;            // guarded by mutex_
  CertifyAnswer certify_;                      // guarded by mutex_
  std::vector<v1::CertifyRequest> certified_;  // guarded by mutex_
};

// A server for it, at an address that stays while it is stopped.
class FakePlatform {
 public:
  explicit FakePlatform(std::string address) : address_(std::move(address)) { Start(); }

  const std::string& address() const { return address_; }
  FakeControl& control() { return *control_; }
  void Start() {
    PrepareProcess();
    control_ = std::make_unique<FakeControl>();
    GrpcServer::Options options;
    options.listen = {address_};
    absl::StatusOr<std::unique_ptr<GrpcServer>> server =
        GrpcServer::Listen(std::move(options), workers_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->Serve(0, Contract<v1::Control>::Serve(*control_));
    server_->Start();
  }
  void Stop() { server_.reset(); }
  void Order(v1::ReplicaOrders orders) {
    control_->SetOrders(std::move(orders));
    server_->reactor(0).Post([this] { control_->Ring(); });
  }

 private:
  const std::string address_;
  WorkerPool workers_;
  std::unique_ptr<FakeControl> control_;
  std::unique_ptr<GrpcServer> server_;
};

}  // namespace chains
