// Answers which version of Model spoke, and on which GPU: "one on 0".
#include <cstdlib>
#include <string>

#include "chains/chain/chain.h"
#include "gpu.chains.h"

namespace gpu {

struct Pretending final : Model {
  chains::Task<ModelReply> RunRemote(ModelRequest) override {
    const char* const devices = std::getenv("CUDA_VISIBLE_DEVICES");
    ModelReply reply;
    reply.set_text(std::string(GPU_VERSION " on ") + (devices == nullptr ? "none" : devices));
    co_return reply;
  }
};

struct Asking final : Ask {
  explicit Asking(Model& model) : model_(model) {}
  chains::Task<AskReply> RunRemote(AskRequest) override {
    const ModelReply said = co_await model_.RunRemote(ModelRequest());
    AskReply reply;
    reply.set_result(said.text());
    co_return reply;
  }
  Model& model_;
};

}  // namespace gpu

int main(int argc, char** argv) {
  chains::Chain chain("gpu");
  chain.Add<gpu::Pretending>(
      chains::Resources{.memory = "64Mi", .gpu = "T4", .gpu_count = GPU_COUNT});
  chain.Add<gpu::Asking>(chains::Needs<gpu::Model>{}, chains::Resources{.memory = "64Mi"})
      .Entrypoint();
  return chain.Main(argc, argv);
}
