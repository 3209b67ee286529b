// bench-model ROUNDS [MEGABYTES]: what a step of the language model takes on processors, against
// what reading its weights takes; a random model of bf16, two heads of 64 in 2,048 wide layers.
// JSON.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "phi/cpu/cpu_backend.h"
#include "tests/bench/model/bandwidth.h"
#include "tests/bench/model/device_backend.h"
#include "tests/bench/model/print.h"
#include "tests/chainlets/poems/memory_model.h"

namespace bench {
namespace {

using poems::phi::Backend;
using poems::phi::BackendError;
using poems::phi::MemoryModel;
using poems::phi::Sampling;
using poems::phi::SequenceStep;
using poems::phi::Shape;
using Clock = std::chrono::steady_clock;

constexpr int32_t kPrompt = 256;
constexpr int32_t kMostSequences = 32;
constexpr int32_t kPositions = 512;  // of a sequence

Shape ShapeOf(int64_t megabytes) {
  Shape shape{.vocab = 32064,
              .hidden = 2048,
              .layers = 1,
              .heads = 32,
              .kv_heads = 32,
              .head_dim = 64,
              .rotary_dim = 64,
              .intermediate = 5632,
              .max_positions = 4096,
              .short_rotary = {},
              .long_rotary = {}};
  constexpr int64_t kLayerBytes = int64_t{2048} * (4 * 2048 + 3 * 5632) * 2;
  constexpr int64_t kHeadBytes = int64_t{2048} * 32064 * 2;
  const int64_t layers = (megabytes * 1'000'000 - kHeadBytes + kLayerBytes / 2) / kLayerBytes;
  shape.layers = static_cast<int32_t>(std::max<int64_t>(layers, 1));
  return shape;
}

// Of keys and values of all sequences, in 16 bits each, and a tenth of room for whole pages.
int64_t CacheBytes(const Shape& shape) {
  const int64_t position = int64_t{2} * shape.layers * shape.kv_heads * shape.head_dim * 2;
  return position * kPositions * kMostSequences * 11 / 10;
}

// Sequences that generate together, each from the same prompt.
class Run {
 public:
  Run(Backend& backend, int32_t sequences) : backend_(backend), sequences_(sequences) {
    const int32_t pages = kPositions / backend.info().page_size;
    for (int32_t i = 0; i < sequences * pages; ++i) pages_.push_back(i);
    tokens_.assign(static_cast<size_t>(sequences), 1);
    steps_.resize(static_cast<size_t>(sequences));
    for (int32_t i = 0; i < sequences; ++i) {
      steps_[i] = {.tokens = &tokens_[i],
                   .token_count = 1,
                   .pages = pages_.data() + i * pages,
                   .page_count = pages,
                   .sampling = &sampling_};
    }
  }

  // Seconds of a step.
  double Step() {
    const Clock::time_point begin = Clock::now();
    BackendError error;
    if (!backend_.Step(steps_.data(), sequences_, &error)) {
      std::fprintf(stderr, "bench-model: %s\n", error.message);
      std::exit(1);
    }
    const std::chrono::duration<double> taken = Clock::now() - begin;
    for (int32_t i = 0; i < sequences_; ++i) {
      tokens_[i] = steps_[i].next;
      steps_[i].position = (steps_[i].position + steps_[i].token_count) % 500;
    }
    return taken.count();
  }

  double Prompt() {
    const std::vector<int32_t> prompt(kPrompt, 7);
    steps_[0].tokens = prompt.data();
    steps_[0].token_count = kPrompt;
    steps_[0].position = 0;
    return Step();
  }

 private:
  Backend& backend_;
  const int32_t sequences_;
  const Sampling sampling_;
  std::vector<int32_t> pages_;
  std::vector<int32_t> tokens_;
  std::vector<SequenceStep> steps_;
};

struct Flags {
  int rounds = 5;
  int64_t megabytes = 1000;
  bool device = false;
};

// For a string of JSON.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

absl::StatusOr<std::unique_ptr<Backend>> Make(const Flags& flags, const MemoryModel& model,
                                              int threads) {
  const poems::phi::BackendOptions options = {.threads = threads,
                                              .kv_bytes = CacheBytes(model.shape()),
                                              .max_step_sequences = kMostSequences};
  if (flags.device) return MakeDeviceBackend(model.shape(), model.weights(), options);
  return poems::phi::MakeCpuBackend(model.shape(), model.weights(), options);
}

struct Measure {
  const char* name;
  std::function<double()> work;
  std::vector<double> values = {};
};

void Take(std::vector<Measure>& measures, int rounds) {
  for (Measure& measure : measures) measure.work();  // warms up
  for (int round = 0; round < rounds; ++round) {
    for (Measure& measure : measures) measure.values.push_back(measure.work());
  }
}

}  // namespace

int Main(const Flags& flags) {
  const MemoryModel model(ShapeOf(flags.megabytes), poems::phi::DType::kBf16, 1);
  const int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const absl::StatusOr<std::unique_ptr<Backend>> made = Make(flags, model, threads);
  if (!made.ok()) {
    // No device is no error of the bench; what else goes wrong with it is.
    std::fprintf(flags.device ? stdout : stderr, flags.device ? "{\"skipped\": \"%s\"}\n" : "%s\n",
                 Printable(made.status().ToString()).c_str());
    return flags.device ? 0 : 1;
  }
  Backend& backend = **made;
  std::optional<Bandwidth> bandwidth;
  Run one(backend, 1);
  Run eight(backend, 8);
  Run many(backend, kMostSequences);
  std::vector<Measure> measures = {
      {"step_of_1", [&] { return one.Step(); }},
      {"step_of_8", [&] { return eight.Step(); }},
      {"step_of_32", [&] { return many.Step(); }},
      {"prompt", [&] { return Run(backend, 1).Prompt(); }},
  };
  if (!flags.device) {
    bandwidth.emplace(size_t{1} << 30, threads);
    measures.push_back({"bytes_per_second", [&] { return bandwidth->Measure(); }});
  }
  Take(measures, flags.rounds);
  std::printf("{\"name\": \"%s\", \"weight_bytes\": %lld", backend.info().name,
              static_cast<long long>(backend.info().weight_bytes));
  for (const Measure& measure : measures) PrintList(measure.name, measure.values);
  std::printf("}\n");
  return 0;
}

}  // namespace bench

int main(int argc, char** argv) {
  CLI::App app("Times steps of the language model with random weights.");
  bench::Flags flags;
  app.add_option("--rounds", flags.rounds)->check(CLI::Range(1, 1000));
  app.add_option("--megabytes", flags.megabytes, "Of weights")->check(CLI::Range(1, 100000));
  app.add_flag("--device", flags.device, "On a GPU");
  CLI11_PARSE(app, argc, argv);
  return bench::Main(flags);
}
