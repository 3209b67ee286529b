#include "chains/chain/neighbours.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "chains/grpc/client_channel.h"

namespace chains::internal {
namespace {

using Ways = std::map<std::string, std::vector<ElasticChannel::Way>>;

Ways WaysOf(const google::protobuf::RepeatedPtrField<v1::Endpoints>& endpoints) {
  Ways ways;
  for (const v1::Endpoints& each : endpoints) {
    for (const v1::Endpoint& replica : each.replicas()) {
      ways[each.chainlet()].push_back({.address = replica.address(),
                                       .connections = std::max(1u, replica.connections()),
                                       .zone = replica.zone()});
    }
  }
  return ways;
}

// What all reactors are to do, and how many have not yet.
struct Change {
  Ways ways;
  std::atomic<size_t> left;
  absl::AnyInvocable<void()> followed;
};

}  // namespace

Neighbours::Place& Neighbours::PlaceOn(Reactor& reactor) {
  for (Place& place : places_) {
    if (place.reactor == &reactor) return place;
  }
  Place& added = places_.emplace_back();
  added.reactor = &reactor;
  return added;
}

std::unique_ptr<ElasticChannel> Neighbours::Connect(Reactor& reactor, std::string_view contract,
                                                    const Balancing& balancing,
                                                    EdgeCounters* counters) {
  auto connect = [this, &reactor, name = std::string(contract),
                  credentials = credentials_ == nullptr ? nullptr : credentials_(contract)](
                     const ElasticChannel::Way& way) {
    const GrpcChannel::Options options{.connections = way.connections,
                                       .credentials = credentials,
                                       .asks_load = true,
                                       .carries = true};
    return Wrapped(wrap_way_, name, std::make_unique<GrpcChannel>(way.address, reactor, options));
  };
  auto channel =
      std::make_unique<ElasticChannel>(connect,
                                       ElasticChannel::Options{.name = std::string(contract),
                                                               .balancing = balancing,
                                                               .zone = zone_,
                                                               .counters = counters},
                                       on_waiting_);
  Place& place = PlaceOn(reactor);
  place.channels.push_back(channel.get());
  place.contracts.emplace_back(contract);
  return channel;
}

void Neighbours::Follow(const google::protobuf::RepeatedPtrField<v1::Endpoints>& endpoints,
                        absl::AnyInvocable<void()> followed) {
  if (places_.empty()) return followed();
  auto change = std::make_shared<Change>();
  change->ways = WaysOf(endpoints);
  change->left = places_.size();
  change->followed = std::move(followed);
  for (const Place& place : places_) {
    place.reactor->Post([&place, change] {
      for (size_t i = 0; i < place.channels.size(); ++i) {
        auto ways = change->ways.find(place.contracts[i]);
        place.channels[i]->SetWays(ways == change->ways.end() ? std::vector<ElasticChannel::Way>()
                                                              : ways->second);
      }
      if (--change->left == 0) change->followed();
    });
  }
}

std::vector<v1::Demand> Neighbours::Demands() const {
  std::map<std::string_view, v1::Demand> by_chainlet;
  for (const Place& place : places_) {
    for (size_t i = 0; i < place.channels.size(); ++i) {
      const ElasticChannel& channel = *place.channels[i];
      const size_t waiting = channel.waiting();
      const size_t in_flight = channel.in_flight();
      if (waiting + in_flight == 0) continue;
      v1::Demand& demand = by_chainlet[place.contracts[i]];
      demand.set_waiting(demand.waiting() + waiting);
      demand.set_in_flight(demand.in_flight() + in_flight);
    }
  }
  std::vector<v1::Demand> demands;
  for (auto& [chainlet, demand] : by_chainlet) {
    demand.set_chainlet(std::string(chainlet));
    demands.push_back(std::move(demand));
  }
  return demands;
}

}  // namespace chains::internal
