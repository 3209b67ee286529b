// FakePlatform: chains.v1.Platform as a test scripts it, served on a unix socket.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/chains.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/reflection.h"
#include "chains/grpc/server.h"
#include "chains/v1/platform.chains.h"

namespace chains::deploy::cli {

// Answers what its fields say; a method with a failure in `failures` fails with it, once for each.
class FakePlatform final : public v1::Platform {
 public:
  v1::ListResponse list;
  v1::Deployment deployment;  // of every DeploymentResponse
  v1::PromoteResponse promoted;
  std::vector<v1::DeployEvent> events;
  absl::Status deploy_end;
  std::vector<v1::LogLine> logs;
  absl::Status fail_logs;            // after the last of them
  std::function<void()> before_log;  // waits before each of them, where it is set
  v1::ListEnvironmentsResponse environments;
  v1::ListKeysResponse keys;
  v1::ReadAuditResponse audit;
  v1::MeasureResponse measured;
  v1::ListTracesResponse traces;
  v1::Trace trace;
  v1::SetLogLevelResponse levels;
  std::vector<v1::RecordingPart> recording;
  v1::MakeTestResponse made_test;
  v1::ListSecretsResponse secrets;
  std::map<std::string, std::vector<absl::Status>> failures;  // by method
  std::string key;                                            // asked for, where it is not empty
  std::map<std::string, std::string> kept;                    // files that it has, by SHA-256
  size_t cut_upload_after = 0;                                // pieces; the stream then fails, once
  std::function<void()> on_deploy;

  // "Promote deployment: \"3f9a\" environment: \"production\"", in order.
  std::vector<std::string> Calls() const {
    std::lock_guard lock(mutex_);
    return calls_;
  }
  std::string LastCall() const {
    const std::vector<std::string> calls = Calls();
    return calls.empty() ? "" : calls.back();
  }
  size_t Count(const std::string& method) const {
    size_t count = 0;
    for (const std::string& call : Calls()) count += call.starts_with(method + " ") ? 1 : 0;
    return count;
  }
  std::vector<size_t> piece_sizes;

  Task<v1::AboutResponse> About(v1::AboutRequest request) override {
    return Answer("About", std::move(request), v1::AboutResponse());
  }
  Task<v1::FindMissingResponse> FindMissing(v1::FindMissingRequest request) override {
    v1::FindMissingResponse response;
    for (const v1::BundleFile& file : request.bundle().files()) {
      if (!kept.contains(file.sha256())) response.add_sha256(file.sha256());
    }
    return Answer("FindMissing", v1::AboutRequest(), std::move(response));
  }
  Task<v1::UploadResponse> Upload(Stream<v1::UploadRequest> requests) override {
    co_await Enter("Upload", v1::AboutRequest());
    std::string sha256;
    std::string data;
    uint64_t size = 0;
    while (std::optional<v1::UploadRequest> piece = co_await requests.Next()) {
      if (!piece->sha256().empty()) {
        sha256 = piece->sha256();
        size = piece->size();
        data.clear();
      }
      data += piece->data();
      piece_sizes.push_back(piece->data().size());
      if (cut_upload_after > 0 && --cut_upload_after == 0) {
        co_await absl::UnavailableError("cut");
      }
      if (data.size() == size) kept[sha256] = data;
    }
    co_return v1::UploadResponse();
  }
  Stream<v1::DeployEvent> Deploy(v1::DeployRequest request) override {
    request.mutable_bundle()->Clear();
    co_await Enter("Deploy", std::move(request));
    if (on_deploy != nullptr) on_deploy();
    for (v1::DeployEvent& event : events) co_yield event;
    co_await deploy_end;
  }
  Task<v1::PromoteResponse> Promote(v1::PromoteRequest request) override {
    return Answer("Promote", std::move(request), promoted);
  }
  Task<v1::PromoteResponse> Rollback(v1::RollbackRequest request) override {
    return Answer("Rollback", std::move(request), promoted);
  }
  Task<v1::DeploymentResponse> Deactivate(v1::DeploymentRequest request) override {
    return Answer("Deactivate", std::move(request), ADeployment());
  }
  Task<v1::DeploymentResponse> Activate(v1::DeploymentRequest request) override {
    return Answer("Activate", std::move(request), ADeployment());
  }
  Task<v1::DeploymentResponse> Wake(v1::DeploymentRequest request) override {
    return Answer("Wake", std::move(request), ADeployment());
  }
  Task<v1::DeleteResponse> Delete(v1::DeploymentRequest request) override {
    return Answer("Delete", std::move(request), v1::DeleteResponse());
  }
  Task<v1::ListResponse> List(v1::ListRequest request) override {
    return Answer("List", std::move(request), list);
  }
  Task<v1::DeploymentResponse> Status(v1::DeploymentRequest request) override {
    return Answer("Status", std::move(request), ADeployment());
  }
  Stream<v1::LogLine> Logs(v1::LogsRequest request) override {
    co_await Enter("Logs", std::move(request));
    for (v1::LogLine& line : logs) {
      if (before_log) co_await Blocking(before_log);
      co_yield line;
    }
    co_await fail_logs;
  }
  Task<v1::DeploymentResponse> SetScaling(v1::SetScalingRequest request) override {
    return Answer("SetScaling", std::move(request), ADeployment());
  }
  Task<v1::ListEnvironmentsResponse> ListEnvironments(
      v1::ListEnvironmentsRequest request) override {
    return Answer("ListEnvironments", std::move(request), environments);
  }
  Task<v1::Environment> CreateEnvironment(v1::CreateEnvironmentRequest request) override {
    v1::Environment made;
    made.set_chain(request.chain());
    made.set_name(request.name());
    return Answer("CreateEnvironment", std::move(request), std::move(made));
  }
  Task<v1::CreateKeyResponse> CreateKey(v1::CreateKeyRequest request) override {
    v1::CreateKeyResponse response;
    response.set_key("ck_secret");
    response.mutable_info()->set_name(request.name());
    *response.mutable_info()->mutable_scopes() = request.scopes();
    return Answer("CreateKey", std::move(request), std::move(response));
  }
  Task<v1::ListKeysResponse> ListKeys(v1::ListKeysRequest request) override {
    return Answer("ListKeys", std::move(request), keys);
  }
  Task<v1::RevokeKeyResponse> RevokeKey(v1::RevokeKeyRequest request) override {
    return Answer("RevokeKey", std::move(request), v1::RevokeKeyResponse());
  }
  Task<v1::RotateKeyResponse> RotateKey(v1::RotateKeyRequest request) override {
    v1::RotateKeyResponse response;
    response.mutable_info()->set_name(request.name());
    response.set_key("ck_rotated");
    return Answer("RotateKey", std::move(request), std::move(response));
  }
  Task<v1::MeasureResponse> Measure(v1::MeasureRequest request) override {
    return Answer("Measure", std::move(request), measured);
  }
  Task<v1::ListTracesResponse> ListTraces(v1::ListTracesRequest request) override {
    return Answer("ListTraces", std::move(request), traces);
  }
  Task<v1::Trace> GetTrace(v1::GetTraceRequest request) override {
    return Answer("GetTrace", std::move(request), trace);
  }
  Task<v1::SetLogLevelResponse> SetLogLevel(v1::SetLogLevelRequest request) override {
    return Answer("SetLogLevel", std::move(request), levels);
  }
  Stream<v1::RecordingPart> Record(v1::RecordRequest request) override {
    co_await Enter("Record", std::move(request));
    for (v1::RecordingPart& part : recording) co_yield part;
  }
  Task<v1::MakeTestResponse> MakeTest(v1::MakeTestRequest request) override {
    return Answer("MakeTest", std::move(request), made_test);
  }
  Task<v1::ReadAuditResponse> ReadAudit(v1::ReadAuditRequest request) override {
    return Answer("ReadAudit", std::move(request), audit);
  }
  Task<v1::SetSecretResponse> SetSecret(v1::SetSecretRequest request) override {
    return Answer("SetSecret", std::move(request), v1::SetSecretResponse());
  }
  Task<v1::ListSecretsResponse> ListSecrets(v1::ListSecretsRequest request) override {
    return Answer("ListSecrets", std::move(request), secrets);
  }
  Task<v1::DeleteSecretResponse> DeleteSecret(v1::DeleteSecretRequest request) override {
    return Answer("DeleteSecret", std::move(request), v1::DeleteSecretResponse());
  }

 private:
  v1::DeploymentResponse ADeployment() const {
    v1::DeploymentResponse response;
    *response.mutable_deployment() = deployment;
    return response;
  }
  // Notes the call; fails where the script says so.
  template <typename Request>
  Task<void> Enter(std::string method, Request request) {
    const Context context = co_await CurrentContext();
    {
      std::lock_guard lock(mutex_);
      calls_.push_back(method + " " + request.ShortDebugString());
    }
    const std::string wanted = "Api-Key " + key;
    if (!key.empty() && context.Header("authorization") != wanted) {
      co_await absl::UnauthenticatedError("this key is not known");
    }
    std::vector<absl::Status>& planned = failures[method];
    if (planned.empty()) co_return;
    const absl::Status failure = planned.front();
    planned.erase(planned.begin());
    co_await failure;
  }
  template <typename Request, typename Reply>
  Task<Reply> Answer(std::string method, Request request, Reply reply) {
    co_await Enter(std::move(method), std::move(request));
    co_return reply;
  }

  mutable std::mutex mutex_;
  std::vector<std::string> calls_;  // guarded by mutex_
};

// Serves it, with reflection, until it is destroyed.
class ServedPlatform {
 public:
  FakePlatform fake;

  ServedPlatform() {
    address_ = "unix:" + ::testing::TempDir() + "cli_" + std::to_string(getpid()) + ".sock";
    GrpcServer::Options options;
    options.listen = {address_};
    absl::StatusOr<std::unique_ptr<GrpcServer>> server =
        GrpcServer::Listen(std::move(options), workers_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    Service service = Contract<v1::Platform>::Serve(fake);
    service.Merge(MakeReflection({&Contract<v1::Platform>::Info()}));
    server_->Serve(0, std::move(service));
    server_->Start();
  }
  ~ServedPlatform() { server_->Drain(absl::Now() + absl::Seconds(1)); }

  const std::string& address() const { return address_; }

 private:
  WorkerPool workers_;
  std::string address_;
  std::unique_ptr<GrpcServer> server_;
};

}  // namespace chains::deploy::cli
