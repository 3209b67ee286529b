// FaultProxy: a process's way to another over TCP or a unix socket, with faults.
//
//   auto proxy = FaultProxy::Start({.target = "127.0.0.1:9000"});
//   … call (*proxy)->address() instead of the target …
//   (*proxy)->Set(*ParseProxyFaults("delay=50ms jitter=5ms"));
//   (*proxy)->Set({.blackhole = true});       // a partition
//   (*proxy)->Set({});                        // that heals
//   (*proxy)->ResetAll();                     // whoever is connected has lost the connection
//
// What TCP's ends do is passed on: an end of one direction, a reset. It does not know what the
// bytes mean.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "chains/testing/proxy_faults.h"

namespace chains::testing {

// Thread-safe. It has a thread of its own, for as long as it lives.
class FaultProxy {
 public:
  struct Options {
    std::string listen = "127.0.0.1:0";  // IPv4:PORT, 0: any; or unix:PATH, which is replaced
    std::string target = {};             // the same
    ProxyFaults faults = {};
    uint64_t seed = 1;  // of jitter and corruption
  };
  struct Counts {
    int64_t accepted = 0;  // connections, since the beginning
    int64_t open = 0;
    int64_t bytes_to_target = 0;  // that came in to be passed on, whatever became of them
    int64_t bytes_to_client = 0;
  };

  // INVALID_ARGUMENT: an address makes no sense. UNAVAILABLE: it cannot listen there. Nobody need
  // listen at the target yet: whoever connects meanwhile is reset.
  static absl::StatusOr<std::unique_ptr<FaultProxy>> Start(Options options);
  ~FaultProxy();  // resets all
  FaultProxy(const FaultProxy&) = delete;

  const std::string& address() const;
  // From now on, for connections that are open as well.
  void Set(const ProxyFaults& faults);
  void ResetAll();
  Counts counts() const;

 private:
  class Impl;
  explicit FaultProxy(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace chains::testing
