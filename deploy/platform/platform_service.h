// PlatformService: what people and programs may ask of the platform
// (proto/chains/v1/platform.proto).
//
// Its methods are in files by what they are for: pushing.cc, lifecycle.cc, settings.cc,
// rotating.cc, reading.cc, observing.cc.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "chains/core/gate.h"
#include "chains/v1/platform.chains.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/logs/log_keeper.h"
#include "deploy/platform/assets.h"
#include "deploy/platform/audit_log.h"
#include "deploy/platform/keeper.h"
#include "deploy/platform/model.h"
#include "deploy/state/secrets.h"
#include "deploy/telemetry/observatory.h"
#include "deploy/telemetry/otlp_exporter.h"

namespace chains::deploy {

// On the platform's loop.
class PlatformService final : public v1::Platform {
 public:
  // All but `about` outlives it.
  struct Parts {
    Model& model;
    Keeper& keeper;
    BlobStore& blobs;
    Assets& assets;
    SecretBox& secrets;
    LogKeeper& logs;
    std::string bundles;  // the folder where bundles are unpacked, each by its digest
    v1::AboutResponse about;
    AuditLog* audit = nullptr;               // that ReadAudit reads; null: none
    Observatory* observatory = nullptr;      // null: nothing is measured, traced or recorded
    const OtlpExporter* exporter = nullptr;  // null: traces are exported to nobody
  };
  explicit PlatformService(Parts parts) : parts_(std::move(parts)) {}

  v1::AboutResponse& about() { return parts_.about; }

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
  absl::StatusOr<Observatory*> Observed() const;
  // What a recording begins with. FAILED_PRECONDITION: the deployment is not live.
  static absl::StatusOr<v1::RecordingPart> HeaderOf(const Deployment& deployment, absl::Time now);
  // Leaves its caller with an error when the request's key may not manage.
  Task<void> Authorize();
  absl::StatusOr<Deployment*> Resolve(const v1::DeploymentRequest& request);
  v1::DeploymentResponse Shown(const Deployment& deployment) const;
  // To be held: a change has begun.
  // With a percent `canary` becomes the environment's, which stays where it points.
  Task<v1::PromoteResponse> PromoteTo(std::string environment, std::string id, bool breaking,
                                      v1::Canary canary);
  Task<v1::PromoteResponse> EndCanary(state::EnvironmentRecord environment);
  // Removes what is not needed any more from the disk.
  Task<void> RemoveUnneeded();
  Task<v1::DeploymentResponse> SetDeactivated(v1::DeploymentRequest request, bool deactivated);
  // Checks a push as far as nothing is changed by it, and what it will be.
  absl::StatusOr<Revision> CheckPush(const v1::DeployRequest& request, const std::string& digest);
  absl::Status CheckBreaks(const v1::DeployRequest& request, const std::string& chain,
                           const Revision& revision);
  absl::Status CheckRoom(const v1::DeployRequest& request, const std::string& chain,
                         const Revision& revision);
  struct Pushed {
    std::string deployment;
    uint64_t revision = 0;
    std::vector<std::string> exchanged, unchanged;
  };
  Task<Pushed> BeginPush(v1::DeployRequest request);
  absl::StatusOr<state::DeploymentRecord> RecordOf(const v1::DeployRequest& request,
                                                   const Deployment* deployment, absl::Time now);
  void MakePending(const std::string& id, std::shared_ptr<const Revision> revision, absl::Time now);
  absl::Status CheckStillPushed(const Pushed& pushed) const;
  void NoteChanges(const Revision* before, const Revision& after, Pushed& pushed) const;
  v1::DeployEvent EventOf(const Pushed& pushed) const;

  Parts parts_;
  // Of who brings a bundle's files in place, or removes those that nobody needs. Taken before the
  // keeper's.
  Gate placing_{{.what = "pushes", .limit = 1, .max_waiting = 100}};
};

}  // namespace chains::deploy
