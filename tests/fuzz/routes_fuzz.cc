// Any tables from a platform, one after the other: a gateway takes each over or says why not, and
// answers what it is asked, whatever is in them.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "chains/contract/loopback_channel.h"
#include "chains/core/wait.h"
#include "chains/testing/fake_clock.h"
#include "gateway/app/route_watch.h"
#include "tests/fuzz/pieces.h"
#include "tests/gateway/app/fake_platform.h"

namespace chains::gateway {
namespace {

testing::FakeClock& Clock() {
  static auto* const clock = std::make_unique<testing::FakeClock>().release();
  return *clock;
}

void Check(bool holds) {
  if (!holds) std::abort();
}

class Front {
 public:
  Front() : gateway_(Gateway::Create(Clock(), Gateway::Options())) {
    watch_.emplace(
        Clock(), channel_,
        [this](const ElasticChannel::Way&) { return std::make_unique<LoopbackChannel>(nobody_); },
        RouteWatch::Options{.token = "t"}, *gateway_);
    watch_->Start();
    Clock().Settle();
  }
  ~Front() {
    watch_.reset();
    Clock().Settle();
  }

  void Tell(const v1::RouteTable& table) {
    platform_.Tell(table);
    Clock().Advance(absl::Seconds(2));  // so that it asks again where it took none
    Clock().Settle();
    if (watch_->problem().ok()) Check(watch_->version() == table.version());
  }
  int Ask(std::string method, std::string target) {
    RequestHead head{.method = std::move(method), .target = std::move(target), .headers = {}};
    if (const Admission admission = gateway_->Admit(head); admission.refusal) {
      return admission.refusal->status;
    }
    head.headers.emplace_back("Chains-Timeout", "1ms");
    const absl::StatusOr<Response> response =
        Wait(gateway_->Handle(Request(std::move(head), "{}")), Clock());
    Check(response.ok());
    return response->status;
  }

 private:
  const Service nobody_;
  FakePlatform platform_{Clock()};
  const Service service_ = Contract<v1::Control>::Serve(platform_);
  LoopbackChannel channel_{service_};
  std::unique_ptr<Gateway> gateway_;
  std::optional<RouteWatch> watch_;
};

void Try(std::string_view bytes) {
  Front front;
  for (const std::string& piece : PiecesOf(bytes)) {
    v1::RouteTable table;
    if (!table.ParseFromString(piece)) continue;
    front.Tell(table);
    for (const char* page : {"/openapi.json", "/readyz", "/metrics"}) {
      Check(front.Ask("GET", page) != 500);
    }
    Check(front.Ask("GET", "/healthz") == 200);
    for (const v1::EnvironmentRoute& route : table.environments()) {
      front.Ask("POST", "/chains/" + route.chain() + "/" + route.environment() + "/run_remote");
    }
    front.Ask("POST", "/run_remote");
  }
}

}  // namespace
}  // namespace chains::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::gateway::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
