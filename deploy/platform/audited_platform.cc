#include "deploy/platform/audited_platform.h"

#include <google/protobuf/util/json_util.h>

#include "absl/strings/escaping.h"
#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"
#include "deploy/bundle/bundle.h"

namespace chains::deploy {
namespace {

using google::protobuf::Message;

constexpr size_t kMaxShownBytes = 2048;
constexpr absl::Duration kMinute = absl::Minutes(1);

std::string JsonOf(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "{}";
  return json;
}

bool WasRefused(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status);
}

}  // namespace

std::string ShownInAudit(const Message& request) {
  std::unique_ptr<Message> shown(request.New());
  shown->CopyFrom(request);
  std::string bundle;
  if (auto* const secret = dynamic_cast<v1::SetSecretRequest*>(shown.get())) {
    secret->clear_value();
  } else if (auto* const deploy = dynamic_cast<v1::DeployRequest*>(shown.get())) {
    bundle = DigestOf(deploy->bundle());
    if (deploy->name().empty()) deploy->set_name(deploy->bundle().manifest().chain());
    deploy->clear_bundle();
  }
  std::string json = JsonOf(*shown);
  if (json.size() > kMaxShownBytes) {
    json = Text(R"({"left_out":"a request of )", json.size(), R"( bytes"})");
  }
  if (bundle.empty()) return json;
  return Text(R"({"bundle":")", bundle, json == "{}" ? "\"" : "\",", json.substr(1));
}

// One change, from its request to its line. Where its caller leaves before it has ended, the line
// says that.
class AuditedPlatform::Change {
 public:
  Change(AuditedPlatform& platform, const char* method, std::string request, std::string who)
      : platform_(platform) {
    entry_.set_who(std::move(who));
    entry_.set_method(method);
    entry_.set_request(std::move(request));
  }
  Change(const Change&) = delete;
  ~Change() {
    if (!ended_) Write(absl::CancelledError("the caller left; it may have been made all the same"));
  }

  bool ended() const { return ended_; }
  Task<void> End(absl::Status outcome) {
    if (std::exchange(ended_, true)) co_return;
    const absl::Time now = (co_await chains::internal::Here()).loop().Now();
    if (WasRefused(outcome) && !platform_.NotesRefused(now)) co_return;
    // A failure to write is Trouble() for whoever comes next.
    const absl::StatusOr<chains::internal::Unit> written = co_await Outcome(Keep(outcome));
    written.status().IgnoreError();
  }

 private:
  Task<void> Keep(absl::Status outcome) {
    co_await Blocking([&] { Write(outcome); });
  }
  void Write(const absl::Status& outcome) {
    entry_.set_time_unix_ms(absl::ToUnixMillis(absl::Now()));
    entry_.set_code(absl::StatusCodeToString(outcome.code()));
    entry_.set_message(outcome.ok() ? "" : std::string(MessageOf(outcome)));
    platform_.log_.Append(entry_).IgnoreError();
  }

  AuditedPlatform& platform_;
  v1::AuditEntry entry_;
  bool ended_ = false;
};

bool AuditedPlatform::NotesRefused(absl::Time now) {
  if (now - minute_ >= kMinute) {
    minute_ = now;
    refused_ = 0;
  }
  return ++refused_ <= max_refused_;
}

Task<void> AuditedPlatform::MayChange() {
  co_await Blocking([this] { return log_.Trouble(); });
}

Task<std::unique_ptr<AuditedPlatform::Change>> AuditedPlatform::Begin(const char* method,
                                                                      std::string request) {
  const Context context = co_await CurrentContext();
  co_return std::make_unique<Change>(*this, method, std::move(request),
                                     whose_(context.Header("authorization")));
}

template <typename Request, typename Reply>
Task<Reply> AuditedPlatform::Noted(const char* method, Task<Reply> (v1::Platform::*call)(Request),
                                   Request request) {
  co_await MayChange();
  const std::unique_ptr<Change> change = co_await Begin(method, ShownInAudit(request));
  absl::StatusOr<Reply> reply = co_await Outcome((platform_.*call)(std::move(request)));
  co_await change->End(reply.status());
  co_return reply;
}

// Its line is written once the push is accepted: what becomes of it, the platform's state shows.
Stream<v1::DeployEvent> AuditedPlatform::Deploy(v1::DeployRequest request) {
  co_await MayChange();
  const std::unique_ptr<Change> change = co_await Begin("Deploy", ShownInAudit(request));
  Stream<v1::DeployEvent> events = platform_.Deploy(std::move(request));
  while (true) {
    absl::StatusOr<std::optional<v1::DeployEvent>> event = co_await Outcome(events.Next());
    if (!event.ok()) co_await change->End(event.status());
    std::optional<v1::DeployEvent> next = co_await std::move(event);
    if (!next) break;
    if (next->has_deployment()) co_await change->End(absl::OkStatus());
    co_yield *std::move(next);
  }
  co_await change->End(absl::OkStatus());
}

// Who records reads what users send, so that is noted like a change, when it begins.
Stream<v1::RecordingPart> AuditedPlatform::Record(v1::RecordRequest request) {
  co_await MayChange();
  const std::unique_ptr<Change> change = co_await Begin("Record", ShownInAudit(request));
  Stream<v1::RecordingPart> parts = platform_.Record(std::move(request));
  while (true) {
    absl::StatusOr<std::optional<v1::RecordingPart>> part = co_await Outcome(parts.Next());
    co_await change->End(part.status());
    std::optional<v1::RecordingPart> next = co_await std::move(part);
    if (!next) break;
    co_yield *std::move(next);
  }
}
Task<v1::SetLogLevelResponse> AuditedPlatform::SetLogLevel(v1::SetLogLevelRequest request) {
  return Noted("SetLogLevel", &v1::Platform::SetLogLevel, std::move(request));
}
Task<v1::PromoteResponse> AuditedPlatform::Promote(v1::PromoteRequest request) {
  return Noted("Promote", &v1::Platform::Promote, std::move(request));
}
Task<v1::PromoteResponse> AuditedPlatform::Rollback(v1::RollbackRequest request) {
  return Noted("Rollback", &v1::Platform::Rollback, std::move(request));
}
Task<v1::DeploymentResponse> AuditedPlatform::Deactivate(v1::DeploymentRequest request) {
  return Noted("Deactivate", &v1::Platform::Deactivate, std::move(request));
}
Task<v1::DeploymentResponse> AuditedPlatform::Activate(v1::DeploymentRequest request) {
  return Noted("Activate", &v1::Platform::Activate, std::move(request));
}
Task<v1::DeploymentResponse> AuditedPlatform::Wake(v1::DeploymentRequest request) {
  return Noted("Wake", &v1::Platform::Wake, std::move(request));
}
Task<v1::DeleteResponse> AuditedPlatform::Delete(v1::DeploymentRequest request) {
  return Noted("Delete", &v1::Platform::Delete, std::move(request));
}
Task<v1::DeploymentResponse> AuditedPlatform::SetScaling(v1::SetScalingRequest request) {
  return Noted("SetScaling", &v1::Platform::SetScaling, std::move(request));
}
Task<v1::Environment> AuditedPlatform::CreateEnvironment(v1::CreateEnvironmentRequest request) {
  return Noted("CreateEnvironment", &v1::Platform::CreateEnvironment, std::move(request));
}
Task<v1::CreateKeyResponse> AuditedPlatform::CreateKey(v1::CreateKeyRequest request) {
  return Noted("CreateKey", &v1::Platform::CreateKey, std::move(request));
}
Task<v1::RevokeKeyResponse> AuditedPlatform::RevokeKey(v1::RevokeKeyRequest request) {
  return Noted("RevokeKey", &v1::Platform::RevokeKey, std::move(request));
}
Task<v1::RotateKeyResponse> AuditedPlatform::RotateKey(v1::RotateKeyRequest request) {
  return Noted("RotateKey", &v1::Platform::RotateKey, std::move(request));
}
Task<v1::SetSecretResponse> AuditedPlatform::SetSecret(v1::SetSecretRequest request) {
  return Noted("SetSecret", &v1::Platform::SetSecret, std::move(request));
}
Task<v1::DeleteSecretResponse> AuditedPlatform::DeleteSecret(v1::DeleteSecretRequest request) {
  return Noted("DeleteSecret", &v1::Platform::DeleteSecret, std::move(request));
}

// What follows changes nothing; files that are uploaded change nothing by themselves.

Task<v1::AboutResponse> AuditedPlatform::About(v1::AboutRequest request) {
  return platform_.About(std::move(request));
}
Task<v1::FindMissingResponse> AuditedPlatform::FindMissing(v1::FindMissingRequest request) {
  return platform_.FindMissing(std::move(request));
}
Task<v1::UploadResponse> AuditedPlatform::Upload(Stream<v1::UploadRequest> requests) {
  return platform_.Upload(std::move(requests));
}
Task<v1::ListResponse> AuditedPlatform::List(v1::ListRequest request) {
  return platform_.List(std::move(request));
}
Task<v1::DeploymentResponse> AuditedPlatform::Status(v1::DeploymentRequest request) {
  return platform_.Status(std::move(request));
}
Stream<v1::LogLine> AuditedPlatform::Logs(v1::LogsRequest request) {
  return platform_.Logs(std::move(request));
}
Task<v1::ListEnvironmentsResponse> AuditedPlatform::ListEnvironments(
    v1::ListEnvironmentsRequest request) {
  return platform_.ListEnvironments(std::move(request));
}
Task<v1::ListKeysResponse> AuditedPlatform::ListKeys(v1::ListKeysRequest request) {
  return platform_.ListKeys(std::move(request));
}
Task<v1::MeasureResponse> AuditedPlatform::Measure(v1::MeasureRequest request) {
  return platform_.Measure(std::move(request));
}
Task<v1::ListTracesResponse> AuditedPlatform::ListTraces(v1::ListTracesRequest request) {
  return platform_.ListTraces(std::move(request));
}
Task<v1::Trace> AuditedPlatform::GetTrace(v1::GetTraceRequest request) {
  return platform_.GetTrace(std::move(request));
}
Task<v1::MakeTestResponse> AuditedPlatform::MakeTest(v1::MakeTestRequest request) {
  return platform_.MakeTest(std::move(request));
}
Task<v1::ReadAuditResponse> AuditedPlatform::ReadAudit(v1::ReadAuditRequest request) {
  return platform_.ReadAudit(std::move(request));
}
Task<v1::ListSecretsResponse> AuditedPlatform::ListSecrets(v1::ListSecretsRequest request) {
  return platform_.ListSecrets(std::move(request));
}

}  // namespace chains::deploy
