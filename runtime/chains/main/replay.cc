#include "chains/main/replay.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/time/clock.h"
#include "chains/chain/manifest.h"
#include "chains/chain/problem.h"
#include "chains/chain/recorded_calls.h"
#include "chains/chain/recording_file.h"
#include "chains/chain/replay_line.h"
#include "chains/contract/status_path.h"
#include "chains/core/text.h"
#include "chains/grpc/process.h"
#include "chains/grpc/run_on.h"
#include "chains/json/transcoder.h"

namespace chains::internal {
namespace {

using json::Transcoder;

int Refuse(const absl::Status& status) {
  std::fprintf(stderr, "error: %s\n", std::string(MessageOf(status)).c_str());
  return 2;
}

// "SayHello" or "hello.SayHello".
bool IsNamed(std::string_view contract, std::string_view name) {
  return contract == name || (contract.size() > name.size() && contract.ends_with(name) &&
                              contract[contract.size() - name.size() - 1] == '.');
}

// Full names of the chainlets that do not run themselves.
absl::StatusOr<std::set<std::string>> Mocked(const ChainSpec& chain, const ReplayRequest& request) {
  // `--real X --mock rest`: "rest" says what is meant anyway.
  std::vector<std::string> mock = request.mock;
  std::erase(mock, "rest");
  if (!request.real.empty() && !mock.empty()) {
    return absl::InvalidArgumentError(
        "--real says which chainlets run, --mock which do not: one of them is enough");
  }
  const std::vector<std::string>& named = mock.empty() ? request.real : mock;
  std::set<std::string> mocked;
  std::set<std::string> found;
  for (const ChainletSpec& chainlet : chain.chainlets) {
    const auto name = std::find_if(
        named.begin(), named.end(),
        [&chainlet](const std::string& each) { return IsNamed(chainlet.name(), each); });
    if (name != named.end()) found.insert(*name);
    const bool is_named = name != named.end();
    // The entrypoint runs in any case, but where it was asked not to.
    const bool runs = mock.empty() ? chainlet.entrypoint || is_named : !is_named;
    if (!runs) mocked.insert(std::string(chainlet.name()));
  }
  for (const std::string& name : named) {
    if (!found.contains(name)) {
      return absl::InvalidArgumentError(Text("the chain ", chain.name, " has no chainlet ", name));
    }
  }
  if (mocked.contains(std::string(chain.Entrypoint()->name()))) {
    return absl::InvalidArgumentError(
        "the entrypoint is what a request is replayed on: it runs itself");
  }
  return mocked;
}

// What came of a call.
struct Ended {
  std::vector<std::string> replies;
  absl::Status status;
};

// A request that was repeated.
struct Repeated {
  const Transcoder::Method* method = nullptr;
  Ended then;
  Ended now;
  bool same = false;
  std::vector<std::string> not_called;
};

Stream<Bytes> Each(const std::vector<std::string>& requests) {
  for (const std::string& request : requests) co_yield Bytes(request);
}

// Coroutine: what it refers to outlives the call.
Task<void> Collect(Channel& channel, const Method& method, const std::vector<std::string>& requests,
                   std::vector<std::string>& replies) {
  if (method.kind == MethodKind::kUnary) {
    Bytes reply = co_await channel.Unary(method, Bytes(requests.front()));
    replies.push_back(reply.ToString());
    co_return;
  }
  Stream<Bytes> stream = channel.Streaming(method, Each(requests));
  while (std::optional<Bytes> reply = co_await stream.Next()) replies.push_back(reply->ToString());
}

// One request, on a chain that is built for it.
class Rerun {
 public:
  Rerun(const Chain& chain, const std::set<std::string>& mocked, const Transcoder& transcoder,
        absl::Duration timeout)
      : chain_(chain), mocked_(mocked), transcoder_(transcoder), timeout_(timeout) {}

  absl::StatusOr<Repeated> Run(const v1::RecordedRequest& request, LocalOptions options) {
    RecordedCalls recorded(request);
    const std::string entrypoint(chain_.spec().Entrypoint()->name());
    absl::StatusOr<NamedCall> entry = recorded.EntryTo(entrypoint);
    if (!entry.ok()) return entry.status();
    const Transcoder::Method* const method = MethodOf(entry->method);
    if (method == nullptr) {
      return absl::FailedPreconditionError(
          Text("the entrypoint ", entrypoint, " has no method ", entry->method, " any more"));
    }
    if (entry->call.cut) {
      return absl::FailedPreconditionError("the request was too large to be recorded as a whole");
    }
    RecordedChannel channel(recorded);
    const std::vector<std::shared_ptr<void>> stubs = Stubs(channel, options);
    absl::StatusOr<std::unique_ptr<RunningChain>> running =
        RunningChain::Start(chain_, Placement::kTogether, std::move(options));
    if (!running.ok()) return running.status();
    Repeated made;
    made.method = method;
    made.now.status = RunOn((*running)->reactor(),
                            [&] {
                              return Collect((*running)->channel(), method->call,
                                             entry->call.requests, made.now.replies);
                            },
                            Context(absl::Now() + timeout_, "", {}))
                          .status();
    made.then = {.replies = RepliesOf(entry->call, *method), .status = entry->call.status};
    made.same = IsAsRecorded(made.then.status, made.now.status) &&
                Comparable(*method, made.then.replies) == Comparable(*method, made.now.replies);
    made.not_called = NotCalled(recorded);
    return made;
  }

  // For people.
  void Print(const Repeated& made) const {
    if (made.same) {
      std::printf("  same      %s\n", Shown(*made.method, made.now).c_str());
    } else {
      std::printf("  recorded  %s\n  now       %s\n", Shown(*made.method, made.then).c_str(),
                  Shown(*made.method, made.now).c_str());
    }
    for (const std::string& each : made.not_called) {
      std::printf("  not called again: %s\n", each.c_str());
    }
  }
  // For programs: without what is private, which is not in a recording either.
  ReplayEnd EndOf(const Repeated& made, const Ended& outcome) const {
    ReplayEnd end{.replies = {}, .status = outcome.status};
    for (const std::string& each : Comparable(*made.method, outcome.replies)) {
      end.replies.push_back(JsonOf(*made.method, each));
    }
    return end;
  }

 private:
  const Transcoder::Method* MethodOf(const std::string& name) const {
    for (const auto& each : transcoder_.methods()) {
      if (each->call.name == name) return each.get();
    }
    return nullptr;
  }
  // They live as long as the chain runs.
  std::vector<std::shared_ptr<void>> Stubs(Channel& channel, LocalOptions& options) const {
    std::vector<std::shared_ptr<void>> stubs;
    for (const ChainletSpec& chainlet : chain_.spec().chainlets) {
      if (!mocked_.contains(std::string(chainlet.name()))) continue;
      stubs.push_back(chainlet.contract->connect(channel));
      options.fakes.emplace_back(chainlet.contract, stubs.back().get());
    }
    return stubs;
  }
  // A call that failed has no only reply.
  static std::vector<std::string> RepliesOf(const RecordedCall& call,
                                            const Transcoder::Method& method) {
    if (!method.descriptor->server_streaming() && !call.status.ok()) return {};
    return call.replies;
  }
  std::vector<std::string> Comparable(const Transcoder::Method& method,
                                      const std::vector<std::string>& replies) const {
    std::vector<std::string> comparable;
    for (const std::string& each : replies) {
      comparable.push_back(ComparableBytes(*method.descriptor->output_type(), each));
    }
    return comparable;
  }
  std::string JsonOf(const Transcoder::Method& method, const std::string& reply) const {
    const absl::StatusOr<std::string> json = transcoder_.ReplyToJson(method, reply);
    return json.ok() ? *json : std::string(MessageOf(json.status()));
  }
  std::string Shown(const Transcoder::Method& method, const Ended& outcome) const {
    std::string shown;
    for (const std::string& reply : outcome.replies) {
      shown += Text(shown.empty() ? "" : "\n            ", JsonOf(method, reply));
    }
    if (outcome.status.ok()) return shown;
    const std::string path = PathText(outcome.status);
    return Text(shown, shown.empty() ? "" : "\n            ",
                absl::StatusCodeToString(outcome.status.code()), ": ", MessageOf(outcome.status),
                path.empty() ? "" : Text(" (", path, ")"));
  }
  // What a mocked chainlet called is nobody's to call.
  std::vector<std::string> NotCalled(const RecordedCalls& recorded) const {
    std::vector<std::string> calls;
    for (const NamedCall& unused : recorded.Unused()) {
      const bool is_called_by_us = !unused.caller.empty() && !mocked_.contains(unused.caller);
      if (is_called_by_us && mocked_.contains(unused.chainlet)) {
        calls.push_back(Text(unused.chainlet, "/", unused.method));
      }
    }
    return calls;
  }

  const Chain& chain_;
  const std::set<std::string>& mocked_;
  const Transcoder& transcoder_;
  const absl::Duration timeout_;
};

// That the recording is one of this chain, with something in it.
absl::Status Check(const RecordingFile& file, const ChainSpec& spec, const ReplayRequest& request) {
  const std::string& chain = file.header.chain();
  if (!chain.empty() && chain != spec.name) {
    return absl::InvalidArgumentError(Text(request.file, " was recorded of the chain ", chain,
                                           ", and this is the program of ", spec.name));
  }
  const size_t total = file.requests.size();
  if (total == 0) {
    return absl::InvalidArgumentError(
        Text(request.file, " has no whole request",
             file.cut_off ? ": it was cut off in its first one" : "; record some"));
  }
  if (request.request > static_cast<int>(total)) {
    return absl::InvalidArgumentError(
        Text("--request ", request.request, ": ", request.file, " has ", total, " requests"));
  }
  return absl::OkStatus();
}

// Repeats one, and tells of it. Whether it went as it was recorded.
bool Repeat(Rerun& rerun, const v1::RecordedRequest& one, int number, bool json,
            LocalOptions options) {
  const absl::StatusOr<Repeated> made = rerun.Run(one, std::move(options));
  if (json) {
    const std::string line = made.ok() ? ReplayLine({.number = number,
                                                     .incomplete = one.incomplete(),
                                                     .same = made->same,
                                                     .recorded = rerun.EndOf(*made, made->then),
                                                     .now = rerun.EndOf(*made, made->now),
                                                     .not_called = made->not_called})
                                       : ReplayLine(number, made.status());
    std::printf("%s\n", line.c_str());
  } else if (!made.ok()) {
    std::printf("  cannot be replayed: %s\n", std::string(MessageOf(made.status())).c_str());
  } else {
    rerun.Print(*made);
  }
  return made.ok() && made->same;
}

}  // namespace

int Replay(const Chain& chain, const ReplayRequest& request, LocalOptions options) {
  PrepareProcess();
  const absl::StatusOr<RecordingFile> file = RecordingFile::Read(request.file);
  if (!file.ok()) return Refuse(file.status());
  const ChainSpec& spec = chain.spec();
  if (spec.Entrypoint() == nullptr) {
    std::fputs(ProblemText(Validate(spec)).c_str(), stderr);
    return 2;
  }
  const absl::Status checked = Check(*file, spec, request);
  if (!checked.ok()) return Refuse(checked);
  const absl::StatusOr<std::set<std::string>> mocked = Mocked(spec, request);
  if (!mocked.ok()) return Refuse(mocked.status());
  const absl::StatusOr<std::unique_ptr<const Transcoder>> transcoder =
      Transcoder::Create(Descriptors(spec), spec.Entrypoint()->name());
  if (!transcoder.ok()) return Refuse(transcoder.status());

  const int total = static_cast<int>(file->requests.size());
  int same = 0;
  int replayed = 0;
  Rerun rerun(chain, *mocked, **transcoder, request.timeout);
  for (int number = 1; number <= total; ++number) {
    if (request.request != 0 && number != request.request) continue;
    const v1::RecordedRequest& one = file->requests[static_cast<size_t>(number - 1)];
    if (!request.json) {
      std::printf("request %d of %d%s\n", number, total,
                  one.incomplete() ? ", which is not whole in the recording" : "");
    }
    if (Repeat(rerun, one, number, request.json, options)) ++same;
    ++replayed;
  }
  if (file->cut_off) {
    std::fprintf(stderr, "%s ends within a request, which is left out\n", request.file.c_str());
  }
  if (request.json) {
    std::printf("%s\n", ReplaySumLine(replayed, same).c_str());
  } else {
    std::printf("%d of %d as recorded\n", same, replayed);
  }
  return same == replayed ? 0 : 1;
}

}  // namespace chains::internal
