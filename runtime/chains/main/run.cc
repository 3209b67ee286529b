#include "chains/main/run.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "chains/chain/manifest.h"
#include "chains/chain/problem.h"
#include "chains/chain/run_local.h"
#include "chains/contract/status_path.h"
#include "chains/grpc/process.h"
#include "chains/grpc/run_on.h"
#include "chains/json/transcoder.h"
#include "chains/main/waterfall.h"

namespace chains {
namespace internal {
namespace {

using json::Transcoder;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "error: %s\n",
               status.ToString(absl::StatusToStringMode::kWithNoExtraData).c_str());
  const std::string path = PathText(status);
  if (!path.empty()) std::fprintf(stderr, "  path: %s\n", path.c_str());
  return absl::IsInvalidArgument(status) && path.empty() ? 2 : 1;
}

absl::StatusOr<const Transcoder::Method*> FindMethod(const Transcoder& transcoder,
                                                     const std::string& asked) {
  const Transcoder::Method* method = transcoder.Find(asked.empty() ? "run_remote" : asked);
  if (method == nullptr && asked.empty() && transcoder.methods().size() == 1) {
    method = transcoder.methods().front().get();
  }
  if (method == nullptr) {
    std::vector<std::string> names;
    for (const auto& each : transcoder.methods()) names.push_back(each->snake_name);
    return absl::InvalidArgumentError(
        absl::StrCat("no method ", asked.empty() ? "run_remote" : asked,
                     ": choose one with --method: ", absl::StrJoin(names, ", ")));
  }
  if (method->descriptor->client_streaming()) {
    return absl::InvalidArgumentError(absl::StrCat(
        method->snake_name, " takes a stream of requests: serve the chain and call it with gRPC"));
  }
  return method;
}

// JSON with a space after each comma and colon, for people.
std::string Readable(const std::string& json) {
  std::string spaced;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    spaced += json[i];
    if (in_string && json[i] == '\\') {
      spaced += json[++i];
    } else if (json[i] == '"') {
      in_string = !in_string;
    } else if (!in_string && (json[i] == ',' || json[i] == ':')) {
      spaced += ' ';
    }
  }
  return spaced;
}

Stream<Bytes> Only(Bytes request) { co_yield std::move(request); }

// Prints as answers come. Coroutine: what it refers to outlives the call.
Task<void> CallAndPrint(Channel& channel, const Transcoder& transcoder,
                        const Transcoder::Method& method, Bytes request) {
  if (!method.descriptor->server_streaming()) {
    Bytes reply = co_await channel.Unary(method.call, std::move(request));
    std::string json = co_await transcoder.ReplyToJson(method, reply.ToString());
    std::printf("%s\n", Readable(json).c_str());
    co_return;
  }
  Stream<Bytes> replies = channel.Streaming(method.call, Only(std::move(request)));
  while (std::optional<Bytes> reply = co_await replies.Next()) {
    std::string json = co_await transcoder.ReplyToJson(method, reply->ToString());
    std::printf("%s\n", Readable(json).c_str());
    std::fflush(stdout);
  }
}

// What the call under `receipt` did, and other reactors told of.
Task<std::vector<v1::Span>> Collect(const Receipt& receipt, SpanQueue& spans) {
  spans.AddCallsOf(receipt);
  co_return spans.TakeAll();
}

}  // namespace

int Run(const Chain& chain, RunRequest request, LocalOptions options) {
  PrepareProcess();
  const ChainSpec spec = WithFakes(chain.spec(), options.fakes);
  const std::vector<Problem> problems = Validate(spec, GivenBy(options));
  if (!problems.empty()) {
    std::fputs(ProblemText(problems).c_str(), stderr);
    return 2;
  }
  absl::StatusOr<std::unique_ptr<const Transcoder>> transcoder =
      Transcoder::Create(Descriptors(spec), spec.Entrypoint()->name());
  if (!transcoder.ok()) return Fail(transcoder.status());
  absl::StatusOr<const Transcoder::Method*> method = FindMethod(**transcoder, request.method);
  if (!method.ok()) return Fail(method.status());
  absl::StatusOr<std::string> wire = (*transcoder)->RequestToWire(**method, request.json);
  if (!wire.ok()) return Fail(wire.status());

  SpanQueue spans("run");
  if (request.trace) options.spans = &spans;
  absl::StatusOr<std::unique_ptr<RunningChain>> running =
      RunningChain::Start(chain, request.placement, std::move(options));
  if (!running.ok()) return Fail(running.status());
  Reactor& reactor = (*running)->reactor();
  const TraceId trace = NewTraceId();
  Context context(absl::Now() + request.timeout, trace, {});
  std::shared_ptr<Receipt> receipt;
  if (request.trace) {
    receipt = Receipt::Begin(reactor, {.receipt = false, .traced = true, .trace = trace});
    context = receipt->Under(context);
  }
  absl::StatusOr<Unit> done = RunOn(
      reactor,
      [&] { return CallAndPrint((*running)->channel(), **transcoder, **method, Bytes(*wire)); },
      std::move(context));
  if (receipt != nullptr) {
    const auto collected = RunOn(reactor, [&] { return Collect(*receipt, spans); });
    if (collected.ok()) std::fputs(Waterfall(*collected, kWaterfallColumns).c_str(), stderr);
  }
  return done.ok() ? 0 : Fail(done.status());
}

}  // namespace internal

int RunLocal(const Chain& chain, std::string_view request, std::vector<FakeChainlet> fakes) {
  LocalOptions options;
  options.fakes = std::move(fakes);
  return internal::Run(chain, {.json = std::string(request)}, std::move(options));
}

}  // namespace chains
