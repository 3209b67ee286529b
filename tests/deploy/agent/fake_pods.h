// What an agent talks to, and what it starts, made up: FakePods is a platform that says what it is
// told to say, FakeStarter starts nothing.
#pragma once

#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "chains/v1/pods.chains.h"
#include "deploy/agent/program.h"

namespace chains::deploy {

class FakePods final : public v1::Pods {
 public:
  Stream<v1::PodOrders> Host(Stream<v1::PodReport> requests) override {
    ++streams;
    if (away) co_await absl::UnavailableError("nobody listens");
    const chains::internal::Here::Place here = co_await chains::internal::Here();
    const uint64_t stream = streams;
    Stream<v1::PodReport> mine = std::move(requests);
    bool ended = false;
    chains::internal::Root<void> reading(here.loop(), Context(), Read(&mine), [&](const auto&) {
      ended = true;
      changed.Give();
    });
    reading.Start();
    uint64_t said = 0;
    while (!ended) {
      if (broken == stream) co_await absl::UnavailableError("the connection broke");
      if (said == version) {
        co_await changed.Wait();
        continue;
      }
      said = version;
      v1::PodOrders next = orders;
      next.set_version(version);
      co_yield std::move(next);
    }
    closed_by_agent = true;
  }

  // What is to run there from now on.
  void Order(const v1::PodOrders& next) {
    orders = next;
    ++version;
    changed.Give();
  }
  // The stream that is open breaks.
  void Break() {
    broken = streams;
    changed.Give();
  }
  std::shared_ptr<v1::Pods> Connect() {
    return std::shared_ptr<v1::Pods>(this, [](v1::Pods*) {});
  }

  bool away = false;
  v1::PodOrders orders;
  uint64_t version = 0;  // of orders; 0: none yet
  std::vector<v1::PodReport> reports;
  uint64_t streams = 0;
  uint64_t broken = 0;
  bool closed_by_agent = false;
  Notice changed;

 private:
  Task<void> Read(Stream<v1::PodReport>* requests) {
    while (std::optional<v1::PodReport> report = co_await requests->Next()) {
      reports.push_back(*std::move(report));
    }
  }
};

class FakeStarter final : public ProgramStarter {
 public:
  struct Started {
    v1::ReplicaOrder order;
    std::string folder;
    Hooks hooks;
    std::vector<int> signals = {};
    bool alive = true;
  };

  absl::Status Prepare(const v1::ReplicaOrder&) override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<Program>> Start(const v1::ReplicaOrder& order,
                                                 const BundleFetcher::Fetched& bundle,
                                                 Hooks hooks) override {
    if (!refuses.ok()) return refuses;
    auto started = std::make_shared<Started>(
        Started{.order = order, .folder = bundle.folder, .hooks = std::move(hooks)});
    all.push_back(started);
    return std::make_unique<FakeProgram>(started, 100 + static_cast<int>(all.size()));
  }
  void Forget(const v1::ReplicaOrder& order) override { forgotten.push_back(order.replica()); }

  // The last one ends.
  void End(const std::string& how) {
    all.back()->alive = false;
    const auto on_end = all.back()->hooks.on_end;
    on_end(how);
  }

  std::vector<std::shared_ptr<Started>> all;
  std::vector<std::string> forgotten;
  absl::Status refuses;

 private:
  class FakeProgram final : public Program {
   public:
    FakeProgram(std::shared_ptr<Started> started, int pid)
        : started_(std::move(started)), pid_(pid) {}
    ~FakeProgram() override { started_->alive = false; }
    int pid() const override { return pid_; }
    void Signal(int signal) override { started_->signals.push_back(signal); }

   private:
    const std::shared_ptr<Started> started_;
    const int pid_;
  };
};

}  // namespace chains::deploy
