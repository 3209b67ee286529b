#include <cstdint>
#include <optional>
#include <utility>

#include "chains/chain/chain.h"
#include "chains/chains.h"
#include "edges.chains.h"

namespace edges {
namespace {

void Weigh(const WeighRequest& request, WeighResponse& response) {
  if (response.label().empty()) response.set_label(request.label());
  if (request.data().empty()) return;
  response.set_bytes(response.bytes() + static_cast<int64_t>(request.data().size()));
  response.set_pieces(response.pieces() + 1);
  uint32_t sum = response.sum();
  for (const char each : request.data()) sum += static_cast<unsigned char>(each);
  response.set_sum(sum);
}

class Scales final : public Scale {
 public:
  chains::Task<WeighResponse> RunRemote(WeighRequest request) override {
    WeighResponse response;
    Weigh(request, response);
    co_return response;
  }
  chains::Task<WeighResponse> Light(WeighRequest request) override {
    return RunRemote(std::move(request));
  }
  chains::Task<WeighResponse> Pour(chains::Stream<WeighRequest> requests) override {
    WeighResponse response;
    while (std::optional<WeighRequest> request = co_await requests.Next()) {
      Weigh(*request, response);
    }
    co_return response;
  }
};

}  // namespace
}  // namespace edges

int main(int argc, char** argv) {
  chains::Chain chain("edges");
  chain.Add<edges::Scales>(chains::Resources{.memory = "128Mi"}).Entrypoint();
  return chain.Main(argc, argv);
}
