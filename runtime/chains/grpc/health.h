// Health: the standard grpc.health.v1.Health service.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "chains/contract/service.h"
#include "chains/core/notice.h"

namespace chains {

// For one loop's coroutines only. "" is the process; it is SERVING from the start, other names are
// unknown until they are added.
class Health {
 public:
  Health();
  Health(const Health&) = delete;

  void Add(std::string_view contract);
  // "" sets the process: a contract is SERVING when it is set and the process is.
  void Set(std::string_view contract, bool serving);
  // The process goes: all NOT_SERVING for good; whoever watches is told, and its stream ends.
  void Leave();

  // Check and Watch. The Health outlives the handlers' tasks.
  Service MakeService();

 private:
  // nullopt when it is unknown.
  std::optional<bool> IsServing(std::string_view contract) const;
  Task<Bytes> Check(Bytes request);
  Stream<Bytes> Watch(Stream<Bytes> requests);

  std::map<std::string, bool, std::less<>> serving_;
  bool leaving_ = false;
  Notice changed_;
};

}  // namespace chains
