// phi_make_model: writes a model with random weights (random_model.h).
//
//   phi_make_model --like gigabyte /tmp/model
//   phi_make_model --hidden 96 --heads 6 --kv-heads 2 --dtype f32 --shards 3 /tmp/model
//   phi_make_model --like phi-3-mini-4k --sparse /tmp/model     # 7.6 GB that take no room
#include <iostream>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "chains/core/text.h"
#include "tools/random_model.h"

namespace {

using poems::phi::DType;
using poems::phi::RandomModel;

// What --like says is the default of the other flags, so it is looked for before they are declared.
RandomModel Base(int argc, char** argv) {
  CLI::App app;
  app.allow_extras();
  app.set_help_flag();
  std::string like = "tiny";
  app.add_option("--like", like);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError&) {
    return {};  // the second reading says what is wrong
  }
  return poems::phi::RandomModelLike(like).value_or(RandomModel());
}

}  // namespace

int main(int argc, char** argv) {
  RandomModel model = Base(argc, argv);
  CLI::App app("Writes a model of the Phi-3 family with random weights.");
  app.option_defaults()->always_capture_default();
  std::string like = "tiny";
  app.add_option("--like", like, "Shape to begin with")
      ->check(CLI::IsMember({"tiny", "gigabyte", "phi-3-mini-4k", "phi-3-mini-128k"}));
  app.add_option("--vocab", model.vocab);
  app.add_option("--hidden", model.hidden);
  app.add_option("--layers", model.layers);
  app.add_option("--heads", model.heads);
  app.add_option("--kv-heads", model.kv_heads);
  app.add_option("--head-dim", model.head_dim, "0: hidden / heads");
  app.add_option("--intermediate", model.intermediate);
  app.add_option("--max-positions", model.max_positions);
  app.add_option("--original-max-positions", model.original_max_positions, "0: without longrope");
  app.add_option("--sliding-window", model.sliding_window, "0: none");
  app.add_option("--partial-rotary-factor", model.partial_rotary_factor);
  app.add_flag("--tied", model.tied, "The head is the embedding");
  const std::map<std::string, DType> dtypes = {
      {"f32", DType::kF32}, {"f16", DType::kF16}, {"bf16", DType::kBf16}};
  app.add_option("--dtype", model.dtype)->transform(CLI::CheckedTransformer(dtypes));
  app.add_option("--shards", model.shards);
  app.add_option("--seed", model.seed);
  app.add_flag("--sparse", model.sparse, "Zeros, which take no room");
  std::string folder;
  app.add_option("folder", folder, "Where to write it")->required();
  CLI11_PARSE(app, argc, argv);

  const absl::Status written = poems::phi::WriteRandomModel(model, folder);
  if (written.ok()) return 0;
  std::cerr << "phi_make_model: " << chains::MessageOf(written) << "\n";
  return 1;
}
