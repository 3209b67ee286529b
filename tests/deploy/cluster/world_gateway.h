// World::Gateway: a gateway of a World: it follows the routes, and says so when that is drawn.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/deploy/cluster/world.h"

namespace chains::deploy {

class World::Gateway {
 public:
  Gateway(World& world, v1::Control& control)
      : world_(world),
        running_(world.clock_, Follow(&control),
                 Context(absl::InfiniteFuture(), "", {{"chains-token", "gateway token"}})) {}
  Gateway(const Gateway&) = delete;

  void AddSteps(std::vector<Step>& steps) {
    if (table_.version() == seen_.version()) return;
    steps.push_back([this] {
      seen_.set_version(table_.version());
      news_ = true;
      noticed_.Give();
    });
  }

  // What it routes to now.
  void Check() {
    for (const v1::DeploymentRoute& route : table_.deployments()) {
      for (const v1::Endpoint& each : route.replicas()) {
        world_.CheckTold("a gateway", each.replica());
      }
    }
  }

 private:
  Stream<v1::RoutesSeen> Seen() {
    seen_.set_gateway("gateway");
    while (true) {
      v1::RoutesSeen seen = seen_;
      co_yield std::move(seen);
      while (!news_) co_await noticed_.Wait();
      news_ = false;
    }
  }
  Task<void> Follow(v1::Control* control) {
    Stream<v1::RouteTable> tables = control->WatchRoutes(Seen());
    while (std::optional<v1::RouteTable> next = co_await tables.Next()) {
      table_ = *std::move(next);
      Check();
    }
  }

  World& world_;
  v1::RouteTable table_;
  v1::RoutesSeen seen_;
  bool news_ = false;
  Notice noticed_;
  chains::testing::Running<void> running_;
};

}  // namespace chains::deploy
