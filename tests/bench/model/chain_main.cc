// bench-model-chain --rounds N --megabytes M --folder F: eight calls of PhiLlm over gRPC, one by
// one and at once, and how much of that time was not spent in steps of the model. Writes a random
// model into the folder. Prints JSON.
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "chains/chain/running_chain.h"
#include "chains/grpc/process.h"
#include "phi/cpu/cpu_backend.h"
#include "phi_llm.h"
#include "tests/bench/model/print.h"
#include "tests/bench/model/timed_backend.h"
#include "tools/random_model.h"

namespace bench {
namespace {

using poems::PhiLlm;
using poems::PhiLlmRequest;
using poems::PhiLlmResponse;
using Clock = std::chrono::steady_clock;

constexpr int kCalls = 8;
constexpr int kTokens = 32;  // of each answer
constexpr int kPrompt = 256;

struct Flags {
  int rounds = 3;
  int64_t megabytes = 1000;
  std::string folder;
};

struct Round {
  double alone = 0;     // seconds of all calls, one by one
  double together = 0;  // at once
  double steps = 0;     // of the latter: in steps of the model
  double first_token = 0;
  int tokens = 0;  // of all calls
};

[[noreturn]] void Fail(const absl::Status& status) {
  std::fprintf(stderr, "bench-model-chain: %s\n", status.ToString().c_str());
  std::exit(1);
}

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

PhiLlmRequest Request(int call) {
  PhiLlmRequest request;
  request.set_prompt(std::string(4, static_cast<char>('a' + call)));  // a word
  request.set_max_tokens(kTokens);
  return request;
}

chains::Task<std::vector<PhiLlmResponse>> AskAtOnce(PhiLlm& phi) {
  std::vector<chains::Task<PhiLlmResponse>> calls;
  for (int call = 0; call < kCalls; ++call) calls.push_back(phi.RunRemote(Request(call)));
  co_return co_await chains::All(std::move(calls));
}

chains::Task<std::string> FirstToken(PhiLlm& phi) {
  PhiLlmRequest request;
  request.set_prompt(std::string(kPrompt, 'p'));
  request.set_max_tokens(1);
  chains::Stream<poems::PhiLlmToken> tokens = phi.Generate(request);
  std::optional<poems::PhiLlmToken> token = co_await tokens.Next();
  co_return token.has_value() ? token->text() : std::string();
}

Round RunRound(chains::RunningChain& chain, const StepTimes& times) {
  Round round;
  std::vector<std::string> alone;
  Clock::time_point begin = Clock::now();
  for (int call = 0; call < kCalls; ++call) {
    const absl::StatusOr<PhiLlmResponse> reply = chain.Call(&PhiLlm::RunRemote, Request(call));
    if (!reply.ok()) Fail(reply.status());
    round.tokens += reply->completion_tokens();
    alone.push_back(reply->result());
  }
  round.alone = SecondsSince(begin);

  const double steps_before = times.seconds();
  begin = Clock::now();
  const auto replies = chain.Run<PhiLlm>(AskAtOnce);
  round.together = SecondsSince(begin);
  round.steps = times.seconds() - steps_before;
  if (!replies.ok()) Fail(replies.status());
  for (size_t i = 0; i < alone.size(); ++i) {
    if ((*replies)[i].result() != alone[i]) Fail(absl::InternalError("company changed an answer"));
  }

  begin = Clock::now();
  const absl::StatusOr<std::string> token = chain.Run<PhiLlm>(FirstToken);
  round.first_token = SecondsSince(begin);
  if (!token.ok()) Fail(token.status());
  return round;
}

// The model of bench-model, as far as a folder can have it.
absl::Status WriteModel(const Flags& flags) {
  poems::phi::RandomModel model = *poems::phi::RandomModelLike("gigabyte");
  // As many layers as the size asks for; the gigabyte has them all.
  model.layers = std::max<int32_t>(
      1, static_cast<int32_t>(model.layers * std::min<int64_t>(flags.megabytes, 100000) / 1000));
  return poems::phi::WriteRandomModel(model, flags.folder);
}

void Print(const std::vector<Round>& rounds, const poems::phi::BackendInfo& info) {
  const auto values = [&](auto member) {
    std::vector<double> all;
    for (const Round& round : rounds) all.push_back(static_cast<double>(round.*member));
    return all;
  };
  std::printf("{\"name\": \"%s\", \"weight_bytes\": %lld", info.name,
              static_cast<long long>(info.weight_bytes));
  PrintList("alone", values(&Round::alone));
  PrintList("together", values(&Round::together));
  PrintList("steps", values(&Round::steps));
  PrintList("first_token", values(&Round::first_token));
  PrintList("tokens", values(&Round::tokens));
  std::printf("}\n");
}

}  // namespace

int Main(const Flags& flags) {
  if (absl::Status written = WriteModel(flags); !written.ok()) Fail(written);
  StepTimes times;
  poems::phi::BackendInfo info;
  chains::Chain chain("bench-model-chain");
  const auto make = [&](const poems::phi::Shape& shape, const poems::phi::Weights& weights) {
    auto backend = MakeTimed(poems::phi::MakeCpuBackend(shape, weights, {}), times);
    if (backend.ok()) info = (*backend)->info();
    return backend;
  };
  chain
      .Add<poems::PhiLlmOnEngine>(
          chains::Shared<poems::phi::LanguageModel>([&](const chains::DeploymentContext&) {
            return poems::phi::LanguageModel::Open(flags.folder, make);
          }))
      .Entrypoint();
  auto running = chains::RunningChain::Start(chain, chains::Placement::kGrpc);
  if (!running.ok()) Fail(running.status());
  const auto warm = (*running)->Run<PhiLlm>(AskAtOnce);  // reads the file
  if (!warm.ok()) Fail(warm.status());
  std::vector<Round> rounds;
  for (int i = 0; i < flags.rounds; ++i) rounds.push_back(RunRound(**running, times));
  Print(rounds, info);
  return 0;
}

}  // namespace bench

int main(int argc, char** argv) {
  chains::PrepareProcess();
  CLI::App app("Times calls of a language model with random weights through a chain.");
  bench::Flags flags;
  app.add_option("--rounds", flags.rounds)->check(CLI::Range(1, 1000));
  app.add_option("--megabytes", flags.megabytes, "Of weights")->check(CLI::Range(1, 100000));
  app.add_option("--folder", flags.folder, "Where the model is written")->required();
  CLI11_PARSE(app, argc, argv);
  return bench::Main(flags);
}
