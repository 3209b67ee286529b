// `replay FILE --against TARGET`.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "chains/chain/recorded_calls.h"
#include "chains/chain/recording_file.h"
#include "chains/chain/replay_line.h"
#include "chains/contract/status_path.h"
#include "chains/core/text.h"
#include "chains/json/transcoder.h"
#include "deploy/cli/commands/call.h"
#include "deploy/cli/commands/recordings.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/diff.h"
#include "deploy/cli/http.h"
#include "deploy/cli/json_text.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

using json::Transcoder;

absl::StatusOr<TargetFlags> TargetOf(Session& session, const std::string& name) {
  TargetFlags target;
  const size_t slash = name.find('/');
  if (slash != std::string::npos) {
    target.chain = name.substr(0, slash);
    target.environment = name.substr(slash + 1);
    return target;
  }
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return platform.status();
  v1::DeploymentRequest request;
  request.set_deployment(name);
  const absl::StatusOr<v1::DeploymentResponse> status =
      (*platform)->Call(&v1::Platform::Status, std::move(request));
  if (absl::IsNotFound(status.status())) {  // a chain, then
    target.chain = name;
    return target;
  }
  if (!status.ok()) return status.status();
  target.chain = status->deployment().chain();
  target.deployment = status->deployment().id();
  return target;
}

class Comparer {
 public:
  Comparer(const Remote& remote, const TargetFlags& target, const Transcoder& transcoder,
           absl::Duration timeout)
      : remote_(remote), target_(target), transcoder_(transcoder), timeout_(timeout) {}

  // Sends the request again, and compares the ends.
  absl::StatusOr<ReplayedRequest> Compare(const v1::RecordedRequest& request) {
    const std::string entrypoint = transcoder_.service().full_name();
    for (const NamedCall& call : CallsOf(request, *transcoder_.service().file()->pool())) {
      if (call.caller.empty() && call.chainlet == entrypoint) return Repeat(call);
    }
    return absl::NotFoundError(Text("the recording lacks the call of the entrypoint ", entrypoint));
  }

 private:
  absl::StatusOr<ReplayedRequest> Repeat(const NamedCall& call) {
    const Transcoder::Method* const method = transcoder_.Find(json::SnakeCase(call.method));
    if (method == nullptr) {
      return absl::FailedPreconditionError(Text("there is no method ", call.method, " any more"));
    }
    if (call.call.cut) return absl::FailedPreconditionError("it was too large to be recorded");
    if (method->descriptor->client_streaming()) {
      return absl::UnimplementedError(
          Text(call.method, " takes a stream; replay it with --program"));
    }
    const absl::StatusOr<std::string> body =
        transcoder_.RequestToJson(*method, call.call.requests.front());
    if (!body.ok()) return body.status();
    absl::StatusOr<ReplayEnd> now = Send(*method, *body);
    if (!now.ok()) return now.status();
    ReplayEnd then{.replies = {}, .status = call.call.status};
    if (then.status.ok() || method->descriptor->server_streaming()) {
      for (const std::string& reply : call.call.replies) {
        then.replies.push_back(Shown(*method, reply));
      }
    }
    const bool same = IsAsRecorded(then.status, now->status) && then.replies == now->replies;
    return ReplayedRequest{.same = same, .recorded = std::move(then), .now = *std::move(now)};
  }

  absl::StatusOr<ReplayEnd> Send(const Transcoder::Method& method, const std::string& body) {
    HttpRequest request =
        RequestTo(remote_, PathOfCall(target_, method.snake_name), body, timeout_);
    const bool is_stream = method.descriptor->server_streaming();
    if (is_stream) request.headers.emplace_back("Accept", "application/x-ndjson");
    const absl::StatusOr<HttpAnswer> answer = Post(request);
    if (!answer.ok()) return answer.status();
    ReplayEnd end;
    if (answer->status / 100 != 2) {
      end.status = ErrorOf(*answer);
      return end;
    }
    const std::vector<std::string> lines =
        is_stream ? std::vector<std::string>(absl::StrSplit(answer->body, '\n', absl::SkipEmpty()))
                  : std::vector<std::string>{answer->body};
    for (const std::string& line : lines) {
      const absl::StatusOr<std::string> wire = transcoder_.ReplyToWire(method, line);
      end.replies.push_back(wire.ok() ? Shown(method, *wire) : line);
    }
    return end;
  }

  // Without what is private, which is not in a recording either.
  std::string Shown(const Transcoder::Method& method, const std::string& reply) const {
    const absl::StatusOr<std::string> json =
        transcoder_.ReplyToJson(method, ComparableBytes(*method.descriptor->output_type(), reply));
    return json.ok() ? *json : std::string(MessageOf(json.status()));
  }

  const Remote& remote_;
  const TargetFlags& target_;
  const Transcoder& transcoder_;
  const absl::Duration timeout_;
};

std::string TextOf(const ReplayEnd& end) {
  std::string text;
  for (const std::string& reply : end.replies) text += Text(PrettyJson(reply), "\n");
  if (end.status.ok()) return text;
  return Text(text, absl::StatusCodeToString(end.status.code()), ": ", MessageOf(end.status), "\n");
}

// What came of the request of that number.
void ShowOne(const Session& session, int number, const absl::StatusOr<ReplayedRequest>& came) {
  if (session.json()) {
    session.out() << SafeJson(came.ok() ? ReplayLine(*came) : ReplayLine(number, came.status()))
                  << "\n"
                  << std::flush;
  } else if (!came.ok()) {
    session.out() << "  cannot be sent: " << Safe(MessageOf(came.status())) << "\n";
  } else if (came->same) {
    session.out() << "  same\n";
  } else {
    session.out() << SafeJson(
        UnifiedDiff(TextOf(came->recorded), TextOf(came->now), "recorded", "now"));
  }
}

// That the recording has what is asked for, and is of the chain that it is sent to.
absl::Status Check(const RecordingFile& file, const Comparison& comparison) {
  const size_t total = file.requests.size();
  if (total == 0) {
    return absl::InvalidArgumentError(
        Text(comparison.file, " has no whole request",
             file.cut_off ? ": it was cut off in its first one" : "; record some"));
  }
  if (comparison.request > static_cast<int>(total)) {
    return absl::InvalidArgumentError(
        Text("--request ", comparison.request, ": ", comparison.file, " has ", total, " requests"));
  }
  return absl::OkStatus();
}

}  // namespace

int CompareWith(Session& session, const Comparison& comparison) {
  const absl::StatusOr<RecordingFile> file = RecordingFile::Read(comparison.file);
  if (!file.ok()) return session.Fail(file.status());
  const absl::Status checked = Check(*file, comparison);
  if (!checked.ok()) return session.Usage(MessageOf(checked));
  const auto transcoder = Transcoder::Create(file->header.descriptors(), file->header.entrypoint());
  if (!transcoder.ok()) return session.Fail(transcoder.status());
  const absl::StatusOr<Remote> remote = session.ChosenRemote();
  if (!remote.ok()) return session.Fail(remote.status());
  const absl::StatusOr<TargetFlags> target = TargetOf(session, comparison.against);
  if (!target.ok()) return session.Fail(target.status());
  if (target->chain != file->header.chain()) {
    return session.Usage(Text(comparison.file, " was recorded of the chain ", file->header.chain(),
                              ", and --against ", comparison.against, " is one of ",
                              target->chain));
  }
  Comparer comparer(*remote, *target, **transcoder, comparison.timeout);
  const int total = static_cast<int>(file->requests.size());
  int same = 0;
  int sent = 0;
  for (int number = 1; number <= total && !session.world().interrupted(); ++number) {
    if (comparison.request != 0 && number != comparison.request) continue;
    if (!session.json()) session.out() << "request " << number << " of " << total << "\n";
    const v1::RecordedRequest& request = file->requests[static_cast<size_t>(number - 1)];
    absl::StatusOr<ReplayedRequest> came = comparer.Compare(request);
    if (came.ok()) {
      came->number = number;
      came->incomplete = request.incomplete();
      if (came->same) ++same;
    }
    ShowOne(session, number, came);
    ++sent;
  }
  if (file->cut_off) {
    session.Note(Text(comparison.file, " ends within a request, which is left out"));
  }
  if (session.json()) {
    session.out() << ReplaySumLine(sent, same) << "\n";
  } else {
    session.out() << same << " of " << sent << " as recorded\n";
  }
  return same == sent ? kDone : kFailed;
}

}  // namespace chains::deploy::cli
