// Neighbours: the chainlets of other processes that a replica's chainlets call, as its platform
// says where they are.
//
// On every reactor there is a channel for each dependency. Orders reach all of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "chains/chain/dependency_channel.h"
#include "chains/contract/channel.h"
#include "chains/grpc/reactor.h"
#include "chains/policy/elastic_channel.h"
#include "chains/v1/control.pb.h"

namespace grpc {
class ChannelCredentials;
}  // namespace grpc

namespace chains::internal {

// Channels are made before their reactors run; afterwards methods are for any thread, while the
// reactors live. Outlives what runs on them.
class Neighbours {
 public:
  // How to reach a chainlet over TLS, by its contract.
  using Credentials =
      std::function<std::shared_ptr<grpc::ChannelCredentials>(std::string_view contract)>;
  // `on_waiting` is told when calls begin to wait for a chainlet, on the thread of their reactor.
  // `wrap_way` may be null; `credentials` null: in plaintext; `zone` empty: unknown.
  explicit Neighbours(std::function<void()> on_waiting, WrapWay wrap_way = nullptr,
                      Credentials credentials = nullptr, std::string zone = "")
      : on_waiting_(std::move(on_waiting)),
        wrap_way_(std::move(wrap_way)),
        credentials_(std::move(credentials)),
        zone_(std::move(zone)) {}
  Neighbours(const Neighbours&) = delete;

  // A way from `reactor` to whoever serves `contract`. `counters` outlives it; may be null.
  std::unique_ptr<ElasticChannel> Connect(Reactor& reactor, std::string_view contract,
                                          const Balancing& balancing = {},
                                          EdgeCounters* counters = nullptr);

  // Calls go where `endpoints` say from now on; a chainlet that they do not name has no replica.
  // `followed` is called once all reactors do so, on one of them; never when one has stopped.
  void Follow(const google::protobuf::RepeatedPtrField<v1::Endpoints>& endpoints,
              absl::AnyInvocable<void()> followed);

  // Calls that wait, by chainlet; chainlets without are left out.
  std::vector<v1::Demand> Demands() const;

 private:
  // What is on one reactor.
  struct Place {
    Reactor* reactor = nullptr;
    std::vector<ElasticChannel*> channels;  // the Assembly's, which lives as long as it runs
    std::vector<std::string> contracts;     // of these
  };
  Place& PlaceOn(Reactor& reactor);

  const std::function<void()> on_waiting_;
  const WrapWay wrap_way_;
  const Credentials credentials_;
  const std::string zone_;  // of this process; empty: unknown
  std::vector<Place> places_;
};

}  // namespace chains::internal
