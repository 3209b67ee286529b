// The transcribe chain on a machine without the speech model: each chunk of speech fails, and with
// it a request that does not allow that.
#include <map>
#include <memory>
#include <string>

#include "chains/chain/chain.h"
#include "transcribe_chain.h"

namespace {

constexpr char kModelDir[] = "POCKETSPHINX_MODEL_DIR";

std::unique_ptr<transcribe::DecoderPool> MakeDecoders(const chains::DeploymentContext& context) {
  const std::string model_dir = context.Variable(kModelDir).value_or("");
  return std::make_unique<transcribe::DecoderPool>(
      [model_dir] { return transcribe::LoadPocketSphinx(model_dir); }, 1);
}

}  // namespace

int main(int argc, char** argv) {
  chains::Chain chain("transcribe");
  chain.Add<transcribe::PocketSphinxRecognizer>(
      chains::Shared<transcribe::DecoderPool>(MakeDecoders),
      chains::Settings{.variables = {{kModelDir, "/nowhere"}}});
  const std::map<std::string, std::string> fetching = {{transcribe::kMediaNetworks, ""},
                                                       {transcribe::kMediaCaFile, ""}};
  chain.Add<transcribe::ChunkTranscriber>(chains::Needs<transcribe::Recognizer>{.attempts = 2},
                                          chains::Settings{.variables = fetching});
  chain
      .Add<transcribe::Transcriber>(
          chains::Needs<transcribe::MacroChunkWorker>{.timeout = absl::Hours(1)},
          chains::Settings{.variables = fetching})
      .Entrypoint();
  return chain.Main(argc, argv);
}
