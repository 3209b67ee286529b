// `replay FILE --against TARGET`.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "chains/chain/recorded_calls.h"
#include "chains/chain/recording_file.h"
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

// What is shown of an end: replies as JSON, then the failure.
struct End {
  std::vector<std::string> replies;
  absl::Status status;
};

class Comparer {
 public:
  Comparer(Session& session, const Remote& remote, const TargetFlags& target,
           const Transcoder& transcoder, absl::Duration timeout)
      : session_(session),
        remote_(remote),
        target_(target),
        transcoder_(transcoder),
        timeout_(timeout) {}

  // Whether it went as recorded; shows what did not.
  absl::StatusOr<bool> Compare(const v1::RecordedRequest& request) {
    const std::string entrypoint = transcoder_.service().full_name();
    for (const NamedCall& call : CallsOf(request, *transcoder_.service().file()->pool())) {
      if (call.caller.empty() && call.chainlet == entrypoint) return Repeat(call);
    }
    return absl::NotFoundError(Text("the recording lacks the call of the entrypoint ", entrypoint));
  }

 private:
  absl::StatusOr<bool> Repeat(const NamedCall& call) {
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
    const absl::StatusOr<End> now = Send(*method, *body);
    if (!now.ok()) return now.status();
    End then{.replies = {}, .status = call.call.status};
    if (then.status.ok() || method->descriptor->server_streaming()) {
      for (const std::string& reply : call.call.replies) {
        then.replies.push_back(Shown(*method, reply));
      }
    }
    return Show(then, *now);
  }

  absl::StatusOr<End> Send(const Transcoder::Method& method, const std::string& body) {
    HttpRequest request =
        RequestTo(remote_, PathOfCall(target_, method.snake_name), body, timeout_);
    const bool is_stream = method.descriptor->server_streaming();
    if (is_stream) request.headers.emplace_back("Accept", "application/x-ndjson");
    const absl::StatusOr<HttpAnswer> answer = Post(request);
    if (!answer.ok()) return answer.status();
    End end;
    if (answer->status / 100 != 2) {
      end.status = ErrorOf(*answer);
      return end;
    }
    const std::vector<std::string> lines =
        is_stream ? std::vector<std::string>(absl::StrSplit(answer->body, '\n', absl::SkipEmpty()))
                  : std::vector<std::string>{answer->body};
    for (const std::string& line : lines) {
      const absl::StatusOr<std::string> wire = transcoder_.ReplyToWire(method, line);
      end.replies.push_back(wire.ok() ? Shown(method, *wire) : PrettyJson(line));
    }
    return end;
  }

  // Without what is private, which is not in a recording either.
  std::string Shown(const Transcoder::Method& method, const std::string& reply) const {
    const absl::StatusOr<std::string> json =
        transcoder_.ReplyToJson(method, ComparableBytes(*method.descriptor->output_type(), reply));
    return json.ok() ? PrettyJson(*json) : std::string(MessageOf(json.status()));
  }

  static std::string TextOf(const End& end) {
    std::string text;
    for (const std::string& reply : end.replies) text += Text(reply, "\n");
    if (end.status.ok()) return text;
    return Text(text, absl::StatusCodeToString(end.status.code()), ": ", MessageOf(end.status),
                "\n");
  }

  bool Show(const End& then, const End& now) const {
    if (IsAsRecorded(then.status, now.status) && then.replies == now.replies) {
      session_.out() << "  same\n";
      return true;
    }
    session_.out() << SafeJson(UnifiedDiff(TextOf(then), TextOf(now), "recorded", "now"));
    return false;
  }

  Session& session_;
  const Remote& remote_;
  const TargetFlags& target_;
  const Transcoder& transcoder_;
  const absl::Duration timeout_;
};

}  // namespace

int CompareWith(Session& session, const Comparison& comparison) {
  const absl::StatusOr<RecordingFile> file = RecordingFile::Read(comparison.file);
  if (!file.ok()) return session.Fail(file.status());
  const int total = static_cast<int>(file->requests.size());
  if (comparison.request > total) {
    return session.Usage(
        Text("--request ", comparison.request, ": ", comparison.file, " has ", total, " requests"));
  }
  const auto transcoder = Transcoder::Create(file->header.descriptors(), file->header.entrypoint());
  if (!transcoder.ok()) return session.Fail(transcoder.status());
  const absl::StatusOr<Remote> remote = session.ChosenRemote();
  if (!remote.ok()) return session.Fail(remote.status());
  const absl::StatusOr<TargetFlags> target = TargetOf(session, comparison.against);
  if (!target.ok()) return session.Fail(target.status());
  Comparer comparer(session, *remote, *target, **transcoder, comparison.timeout);
  int differ = 0;
  int sent = 0;
  for (int number = 1; number <= total && !session.world().interrupted(); ++number) {
    if (comparison.request != 0 && number != comparison.request) continue;
    session.out() << "request " << number << " of " << total << "\n";
    const absl::StatusOr<bool> same =
        comparer.Compare(file->requests[static_cast<size_t>(number - 1)]);
    if (!same.ok()) {
      session.out() << "  cannot be sent: " << Safe(MessageOf(same.status())) << "\n";
    }
    if (!same.ok() || !*same) ++differ;
    ++sent;
  }
  session.out() << sent - differ << " of " << sent << " as recorded\n";
  return differ == 0 ? kDone : kFailed;
}

}  // namespace chains::deploy::cli
