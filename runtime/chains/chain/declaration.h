// What a chain declares about its chainlets: the arguments of Chain::Add, with their defaults.
//
//   chain.Add<Greeter>(chains::Needs<SayHello>{.attempts = 3}, chains::Resources{.cpus = 2});
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/chain/deployment_context.h"
#include "chains/contract/contract.h"
#include "chains/policy/settings.h"

namespace chains {

// A dependency on the chainlet T: the constructor takes a T&.
template <typename T>
struct Needs {
  static_assert(
      ChainletContract<T>,
      "chains: Needs<T> takes a chainlet class which protoc-gen-chains wrote for a service "
      "of a .proto file, with its .chains.h included: the contract, not a class that "
      "implements it");
  int attempts = 1;  // > 1: for methods that are idempotent, as policy/retry_rule.h says
  absl::Duration timeout = absl::Seconds(600);  // from the call to its answer, attempts included
  int max_in_flight = 300;                      // calls at a time, per caller replica; more wait
  Hedging hedging = {};                         // {.on = true}: a second attempt when it takes long
  RetryBudget retry_budget = {};                // of attempts and hedges after the first
  Circuit circuit = {};                         // {.on = true}: no calls for a while to who fails
  Balancing balancing = {};
  // Served elsewhere, not by this chain: "grpc://HOST:PORT", "grpcs://HOST:PORT", or
  // "https://HOST/PATH" for methods that the contract maps to HTTP. Empty: a chainlet of the chain.
  // A `${NAME}` in it is a variable of Settings; `serve --url CALLEE=URL` takes its place.
  std::string url = "";
  std::string url_secret = "";  // the secret that is sent as `authorization: Bearer …`
  bool soft = false;            // its caller can do without it; see soft.h
};

// What one replica asks of the machine that it runs on.
struct Resources {
  double cpus = 1;             // also how many reactors a replica has
  std::string memory = "2Gi";  // bytes, or with Ki, Mi, Gi, Ti
  std::string gpu = "";  // "T4", "L4", "A10G", "A100", "H100", "H200", "B200", …; none by default
  int gpu_count = 1;     // of that type, when there is one
  // The chainlet's CUDA part, by the name that chains_add_gpu_module() (CMake) gives it: push ships
  // it beside the program, and DeploymentContext::Gpu() loads it.
  std::string gpu_module = "";
  // It runs on CPUs where there is no such GPU; without this it is refused there.
  bool gpu_optional = false;
};

struct Autoscaling {
  int min_replica = 0;
  int max_replica = 1;
  absl::Duration autoscaling_window = absl::Seconds(60);
  absl::Duration scale_down_delay = absl::Seconds(900);
  int max_scale_down_rate = 50;  // percent
  int concurrency_target = 1;    // calls in flight per replica that scaling aims at; no limit
  int target_utilization_percentage = 70;
};

// What one replica takes on; more is refused at once with RESOURCE_EXHAUSTED.
struct Limits {
  int concurrency_limit = 256;  // calls that run at a time
  int max_queued = 0;  // calls that wait; 0: what known callers may have in flight, ≥ 256
  LateCalls late_calls = LateCalls::kRefuse;  // those that have less time left than they take
  AdaptiveLimit adaptive = {};  // {.on = true}: fewer than concurrency_limit, where more only wait
  bool dry_run = false;         // nothing is refused; what would have been is counted
};

// A file that is shipped with the chainlet, or fetched before it starts.
struct Asset {
  std::string name;         // DeploymentContext::Asset(name) is its path
  std::string source;       // a path or a URL
  std::string sha256 = "";  // checked when given; a URL needs it
};

// What happens to a replica whose Healthy() hook fails for so long.
struct HealthThresholds {
  absl::Duration stop_traffic_after = absl::Seconds(1800);
  absl::Duration restart_after = absl::Seconds(1800);
};

struct Settings {
  std::string display_name = "";          // [a-zA-Z0-9_-]+; by default the contract's name
  std::vector<std::string> secrets = {};  // by name; only these can be read
  std::map<std::string, std::string> variables = {};
  std::vector<Asset> assets = {};
  std::string base_image = "";                    // of the container; the platform's by default
  std::vector<std::string> system_packages = {};  // installed into it
  HealthThresholds health = {};
};

// What exists once in a process, whatever the number of reactors: weights, decoder pools, caches.
// The constructor of a chainlet that is added with a Shared<T> takes a T&; T is thread-safe. It is
// made when the first such chainlet is built, and copies of a Shared stand for the same T.
template <typename T>
class Shared {
 public:
  using Factory = std::function<absl::StatusOr<std::unique_ptr<T>>(const DeploymentContext&)>;
  Shared() : Shared([](const DeploymentContext&) { return std::make_unique<T>(); }) {}
  explicit Shared(Factory factory) : state_(std::make_shared<State>(std::move(factory))) {}

  // Thread-safe. A factory that failed is not asked again.
  absl::StatusOr<T*> Get(const DeploymentContext& context) const {
    std::call_once(state_->once, [&] { state_->value = state_->factory(context); });
    if (!state_->value.ok()) return state_->value.status();
    return state_->value->get();
  }

 private:
  struct State {
    explicit State(Factory f) : factory(std::move(f)) {}
    const Factory factory;
    std::once_flag once;
    absl::StatusOr<std::unique_ptr<T>> value;
  };
  std::shared_ptr<State> state_;
};

}  // namespace chains
