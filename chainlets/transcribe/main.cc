#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "chains/chain/chain.h"
#include "transcribe_chain.h"

namespace {

constexpr char kModelDir[] = "POCKETSPHINX_MODEL_DIR";

// As many decoders as there are threads to run them.
std::unique_ptr<transcribe::DecoderPool> MakeDecoders(const chains::DeploymentContext& context) {
  const std::string model_dir = context.Variable(kModelDir).value_or("");
  return std::make_unique<transcribe::DecoderPool>(
      [model_dir] { return transcribe::LoadPocketSphinx(model_dir); },
      std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

int main(int argc, char** argv) {
  chains::Chain chain("transcribe");
  chain.Add<transcribe::PocketSphinxRecognizer>(
      chains::Shared<transcribe::DecoderPool>(MakeDecoders), chains::Resources{.memory = "1Gi"},
      chains::Autoscaling{.min_replica = 2, .max_replica = 4},
      chains::Settings{.variables = {{kModelDir, POCKETSPHINX_MODEL_DIR}},
                       .system_packages = {"pocketsphinx-en-us"}});
  // Its libraries, FFmpeg's among them, are in the bundle, and a replica's image trusts what the
  // system does (ca-certificates).
  const std::map<std::string, std::string> fetching = {{transcribe::kMediaNetworks, ""},
                                                       {transcribe::kMediaCaFile, ""}};
  chain.Add<transcribe::ChunkTranscriber>(
      chains::Needs<transcribe::Recognizer>{.attempts = 2}, chains::Resources{.memory = "1Gi"},
      chains::Autoscaling{.min_replica = 1, .max_replica = 4, .concurrency_target = 4},
      chains::Settings{.variables = fetching});
  chain
      .Add<transcribe::Transcriber>(
          chains::Needs<transcribe::MacroChunkWorker>{.timeout = absl::Hours(1)},
          chains::Resources{.memory = "1Gi"}, chains::Settings{.variables = fetching})
      .Entrypoint();
  return chain.Main(argc, argv);
}
