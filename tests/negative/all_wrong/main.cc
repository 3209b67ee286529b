// A chain with a mistake of each kind that shows at run time only.
#include "chains/chain/chain.h"
#include "shop.h"

namespace {

using chains::Needs;

// Implements a contract of one method, and takes what it is given.
template <typename T, typename... Dependencies>
class Simple : public T {
 public:
  explicit Simple(Dependencies&...) {}
  chains::Task<shop::Price> RunRemote(shop::Item) override { co_return shop::Price(); }
};

using MyClerk = Simple<shop::Clerk, shop::Pricer, shop::Pricer, shop::Till, shop::Guard>;
using MyPorter = Simple<shop::Porter, shop::Cashier>;
using MyCashier = Simple<shop::Cashier, shop::Porter>;

}  // namespace

int main(int argc, char** argv) {
  chains::Chain chain("all wrong");

  const Needs<shop::Pricer> pricer = {
      .attempts = 0, .max_in_flight = -1, .retry_budget = {.ratio = 2, .burst = -1}};
  const Needs<shop::Till> till = {.attempts = 2, .timeout = absl::ZeroDuration()};
  const chains::Limits limits = {.concurrency_limit = 0, .max_queued = -1, .adaptive = {true, 0}};
  chain.Add<MyClerk>(pricer, pricer, till, Needs<shop::Guard>{}, limits).Entrypoint();

  const chains::Resources resources = {
      .cpus = -1, .memory = "2 GB", .gpu = "a100", .gpu_count = 16};
  const chains::Autoscaling autoscaling = {.min_replica = 3,
                                           .max_replica = 2,
                                           .autoscaling_window = absl::Hours(2),
                                           .scale_down_delay = -absl::Seconds(1),
                                           .max_scale_down_rate = 100,
                                           .concurrency_target = 300,
                                           .target_utilization_percentage = 0};
  chain.Add<shop::RealPricer>(resources, autoscaling);
  chain.Add<shop::RealPricer>();

  const chains::Settings settings = {
      .display_name = "the till",
      .secrets = {"api key", "token", "token"},
      .variables = {{"1ST", "x"}, {"token", "y"}},
      .assets = {{.name = "my model", .source = "no/such/file"},
                 {.name = "words", .source = ""},
                 {.name = "words", .source = "https://example.com/words", .sha256 = "abc"}},
      .base_image = "debian 12",
      .system_packages = {"sox ffmpeg", "sox", "sox"},
      .health = {.stop_traffic_after = absl::Seconds(2), .restart_after = absl::ZeroDuration()}};
  chain.Add<shop::AnyTill>(chains::Resources{.gpu_count = 2}, settings).Entrypoint();

  chain.Add<MyPorter>(Needs<shop::Cashier>{}, chains::Settings{.display_name = "Twin"});
  chain.Add<MyCashier>(Needs<shop::Porter>{}, chains::Settings{.display_name = "Twin"});
  chain.Declare<shop::Vault>();
  return chain.Main(argc, argv);
}
