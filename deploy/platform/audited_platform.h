// AuditedPlatform: a Platform that writes down who changes what, and who tried to.
//
//   AuditedPlatform audited(service, log, [&](auto key) { return NameOf(OwnerOf(keys, key)); });
//   server.Serve(0, Contract<v1::Platform>::Serve(audited));
//
// What only reads is not written down. A change whose line cannot be kept has been made, and is
// answered; the next one is refused (UNAVAILABLE) until lines can be kept again. Requests without a
// valid key are written down, too, but only `max_refused` a minute of them: they cost nothing who
// sends them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/message.h>

#include "chains/v1/platform.chains.h"
#include "deploy/platform/audit_log.h"

namespace chains::deploy {

// For one loop.
class AuditedPlatform final : public v1::Platform {
 public:
  // The name of the key that the header Authorization shows; empty: nobody's.
  using WhoseKey = std::function<std::string(std::optional<std::string_view> authorization)>;
  // `platform` and `log` outlive it.
  AuditedPlatform(v1::Platform& platform, AuditLog& log, WhoseKey whose, int max_refused = 60)
      : platform_(platform), log_(log), whose_(std::move(whose)), max_refused_(max_refused) {}

  Task<v1::AboutResponse> About(v1::AboutRequest request) override;
  Task<v1::FindMissingResponse> FindMissing(v1::FindMissingRequest request) override;
  Task<v1::UploadResponse> Upload(Stream<v1::UploadRequest> requests) override;
  Stream<v1::DeployEvent> Deploy(v1::DeployRequest request) override;
  Task<v1::PromoteResponse> Promote(v1::PromoteRequest request) override;
  Task<v1::PromoteResponse> Rollback(v1::RollbackRequest request) override;
  Task<v1::DeploymentResponse> Deactivate(v1::DeploymentRequest request) override;
  Task<v1::DeploymentResponse> Activate(v1::DeploymentRequest request) override;
  Task<v1::DeploymentResponse> Wake(v1::DeploymentRequest request) override;
  Task<v1::DeleteResponse> Delete(v1::DeploymentRequest request) override;
  Task<v1::ListResponse> List(v1::ListRequest request) override;
  Task<v1::DeploymentResponse> Status(v1::DeploymentRequest request) override;
  Stream<v1::LogLine> Logs(v1::LogsRequest request) override;
  Task<v1::DeploymentResponse> SetScaling(v1::SetScalingRequest request) override;
  Task<v1::ListEnvironmentsResponse> ListEnvironments(v1::ListEnvironmentsRequest request) override;
  Task<v1::Environment> CreateEnvironment(v1::CreateEnvironmentRequest request) override;
  Task<v1::CreateKeyResponse> CreateKey(v1::CreateKeyRequest request) override;
  Task<v1::ListKeysResponse> ListKeys(v1::ListKeysRequest request) override;
  Task<v1::RevokeKeyResponse> RevokeKey(v1::RevokeKeyRequest request) override;
  Task<v1::RotateKeyResponse> RotateKey(v1::RotateKeyRequest request) override;
  Task<v1::MeasureResponse> Measure(v1::MeasureRequest request) override;
  Task<v1::ListTracesResponse> ListTraces(v1::ListTracesRequest request) override;
  Task<v1::Trace> GetTrace(v1::GetTraceRequest request) override;
  Task<v1::SetLogLevelResponse> SetLogLevel(v1::SetLogLevelRequest request) override;
  Stream<v1::RecordingPart> Record(v1::RecordRequest request) override;
  Task<v1::MakeTestResponse> MakeTest(v1::MakeTestRequest request) override;
  Task<v1::ReadAuditResponse> ReadAudit(v1::ReadAuditRequest request) override;
  Task<v1::SetSecretResponse> SetSecret(v1::SetSecretRequest request) override;
  Task<v1::ListSecretsResponse> ListSecrets(v1::ListSecretsRequest request) override;
  Task<v1::DeleteSecretResponse> DeleteSecret(v1::DeleteSecretRequest request) override;

 private:
  class Change;

  template <typename Request, typename Reply>
  Task<Reply> Noted(const char* method, Task<Reply> (v1::Platform::*call)(Request),
                    Request request);
  // Whether changes may be made: their lines can be kept.
  Task<void> MayChange();
  Task<std::unique_ptr<Change>> Begin(const char* method, std::string request);
  // Whether one more refused request is written down.
  bool NotesRefused(absl::Time now);

  v1::Platform& platform_;
  AuditLog& log_;
  const WhoseKey whose_;
  const int max_refused_;
  absl::Time minute_ = absl::InfinitePast();  // since when `refused_` are counted
  int refused_ = 0;
};

// A request as its line has it: JSON without what is secret or large, cut where it is long.
std::string ShownInAudit(const google::protobuf::Message& request);

}  // namespace chains::deploy
