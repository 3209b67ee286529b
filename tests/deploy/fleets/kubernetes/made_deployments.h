// Deployments as a platform tells its fleet of them: of the chains in chainlets/, and made ones.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "deploy/fleets/fleet.h"

namespace chains::deploy {

inline FleetUnit UnitOf(std::vector<std::string> chainlets, double cpus, int64_t memory_bytes,
                        int least, int most) {
  FleetUnit unit;
  unit.chainlets = std::move(chainlets);
  unit.resources.set_cpus(cpus);
  unit.resources.set_memory_bytes(memory_bytes);
  unit.autoscaling.set_min_replica(least);
  unit.autoscaling.set_max_replica(most);
  return unit;
}

inline FleetDeployment DeploymentOf(const std::string& chain, const std::string& id,
                                    std::vector<FleetUnit> units) {
  FleetDeployment deployment;
  deployment.id = id;
  deployment.chain = chain;
  deployment.token = "token-of-" + id;
  deployment.bundle = std::string(64, 'b');
  deployment.manifest.set_chain(chain);
  for (const FleetUnit& unit : units) {
    for (const std::string& chainlet : unit.chainlets) {
      deployment.manifest.add_chainlets()->set_name(chainlet);
      deployment.manifest.set_entrypoint(chainlet);
    }
  }
  deployment.units = std::move(units);
  return deployment;
}

inline FleetDeployment Hello() {
  constexpr int64_t kMemory = 128 << 20;
  return DeploymentOf(
      "hello", "k3j2d9xa",
      {UnitOf({"hello.SayHello"}, 1, kMemory, 2, 3), UnitOf({"hello.HelloAll"}, 1, kMemory, 1, 1)});
}

inline FleetDeployment Transcribe() {
  FleetUnit recognizer = UnitOf({"transcribe.Recognizer"}, 1.5, 1 << 30, 2, 4);
  recognizer.system_packages = {"pocketsphinx-en-us"};
  return DeploymentOf(
      "transcribe", "9t7m4wqz",
      {std::move(recognizer), UnitOf({"transcribe.Transcriber"}, 1, 512 << 20, 1, 1)});
}

inline FleetDeployment Poems() {
  FleetUnit phi = UnitOf({"poems.PhiLlm"}, 4, 1 << 30, 1, 1);
  phi.resources.set_gpu("A10G");
  phi.resources.set_gpu_count(1);
  phi.resources.set_gpu_module("poems_cuda");
  phi.resources.set_gpu_optional(true);
  return DeploymentOf("poems", "h5n8b2vc",
                      {std::move(phi), UnitOf({"poems.PoemGenerator"}, 1, 512 << 20, 1, 1)});
}

}  // namespace chains::deploy
