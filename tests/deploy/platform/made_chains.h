// Bundles and revisions of made-up chains, for tests of the platform's pure parts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chains/v1/bundle.pb.h"
#include "deploy/platform/revision.h"

namespace chains::deploy {

struct MadeChainlet {
  std::string name;                     // "shop.Price"
  std::vector<std::string> calls = {};  // full names
  std::string code = "code";            // what stands for its object files
  std::string gpu = {};
  bool gpu_optional = false;
  std::vector<std::string> softly_calls = {};
};

// The last chainlet is the entrypoint.
inline v1::Bundle MakeBundle(const std::vector<MadeChainlet>& chainlets) {
  v1::Bundle bundle;
  bundle.set_program("shop");
  v1::Manifest& manifest = *bundle.mutable_manifest();
  manifest.set_chain("shop");
  for (const MadeChainlet& made : chainlets) {
    v1::Chainlet& chainlet = *manifest.add_chainlets();
    chainlet.set_name(made.name);
    chainlet.set_display_name(made.name.substr(made.name.rfind('.') + 1));
    chainlet.set_implementation("Made");
    chainlet.set_declared_at("main.cc:1");
    chainlet.mutable_resources()->set_cpus(1);
    chainlet.mutable_resources()->set_memory_bytes(1 << 30);
    chainlet.mutable_resources()->set_gpu(made.gpu);
    chainlet.mutable_resources()->set_gpu_count(made.gpu.empty() ? 0 : 1);
    chainlet.mutable_resources()->set_gpu_optional(made.gpu_optional);
    chainlet.mutable_autoscaling()->set_max_replica(3);
    chainlet.mutable_autoscaling()->set_autoscaling_window_sec(60);
    chainlet.mutable_autoscaling()->set_scale_down_delay_sec(60);
    chainlet.mutable_autoscaling()->set_max_scale_down_rate(50);
    chainlet.mutable_autoscaling()->set_concurrency_target(1);
    chainlet.mutable_autoscaling()->set_target_utilization_percentage(70);
    for (const std::string& callee : made.calls) {
      chainlet.add_dependencies()->set_chainlet(callee);
    }
    for (const std::string& callee : made.softly_calls) {
      v1::Dependency& dependency = *chainlet.add_dependencies();
      dependency.set_chainlet(callee);
      dependency.set_soft(true);
    }
    v1::ChainletCode& code = *bundle.add_code();
    code.set_chainlet(made.name);
    code.set_sha256(made.code);
  }
  manifest.set_entrypoint(chainlets.back().name);
  v1::BundleFile& program = *bundle.add_files();
  program.set_path("shop");
  program.set_sha256(std::string(32, 'p'));
  program.set_executable(true);
  return bundle;
}

inline Revision MakeTestRevision(const std::vector<MadeChainlet>& chainlets, uint64_t number = 1,
                                 const PlacementRequest& placement = {}) {
  return MakeRevision(MakeBundle(chainlets), "digest", number, placement).value();
}

}  // namespace chains::deploy
