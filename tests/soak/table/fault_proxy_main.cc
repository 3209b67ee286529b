// soak-proxy --listen ADDRESS --target ADDRESS: a FaultProxy that does as lines of standard input
// say: "set delay=50ms", "set blackhole", "set", "reset" (all connections), "counts". Each is
// answered by a line. It ends with its input.
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "chains/testing/fault_proxy.h"

namespace {

using chains::testing::FaultProxy;
using chains::testing::ProxyFaults;

std::string Do(FaultProxy& proxy, const std::string& line) {
  if (line.starts_with("set")) {
    const absl::StatusOr<ProxyFaults> faults = chains::testing::ParseProxyFaults(line.substr(3));
    if (!faults.ok()) return std::string(faults.status().message());
    proxy.Set(*faults);
    return "ok";
  }
  if (line == "reset") {
    proxy.ResetAll();
    return "ok";
  }
  if (line != "counts") return "set FAULTS, reset or counts is expected";
  const FaultProxy::Counts counts = proxy.counts();
  return std::to_string(counts.accepted) + " " + std::to_string(counts.open) + " " +
         std::to_string(counts.bytes_to_target) + " " + std::to_string(counts.bytes_to_client);
}

}  // namespace

int main(int argc, char** argv) {
  FaultProxy::Options options;
  CLI::App app("a proxy with the faults of networks");
  app.add_option("--listen", options.listen)->capture_default_str();
  app.add_option("--target", options.target)->required();
  CLI11_PARSE(app, argc, argv);
  absl::StatusOr<std::unique_ptr<FaultProxy>> proxy = FaultProxy::Start(options);
  if (!proxy.ok()) {
    std::cerr << "error: " << proxy.status().message() << "\n";
    return 1;
  }
  std::cout << "passing on from " << (*proxy)->address() << "\n" << std::flush;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << Do(**proxy, line) << "\n" << std::flush;
  }
  return 0;
}
