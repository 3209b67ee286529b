// What PlatformService tells of how deployments do.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/notice.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "deploy/logs/log_levels.h"
#include "deploy/platform/platform_service.h"
#include "deploy/recording/make_test.h"

namespace chains::deploy {
namespace {

constexpr uint32_t kMeasuredSeconds = 60;
constexpr uint32_t kMostMeasuredSeconds = 900;
constexpr uint32_t kRecordedRequests = 100;
constexpr uint32_t kMostRecordedRequests = 10'000;
constexpr uint32_t kRecordedSeconds = 60;
constexpr uint32_t kMostRecordedSeconds = 3600;
// Until a request that was recorded has come here whole.
constexpr absl::Duration kLate = absl::Seconds(5);
// Who records learns so late that the deployment is gone.
constexpr absl::Duration kLookAgain = absl::Seconds(1);

Task<void> NewsOf(Notice* notice) { co_await notice->Wait(); }

bool IsNamed(const v1::DeploymentRequest& of) {
  return !of.deployment().empty() || !of.chain().empty();
}

absl::Status CheckRecord(const v1::RecordRequest& request) {
  if (!(request.percent() >= 0 && request.percent() <= 100)) {
    return absl::InvalidArgumentError("percent: 0 (all requests) to 100");
  }
  if (request.requests() > kMostRecordedRequests) {
    return absl::InvalidArgumentError(Text("requests: at most ", kMostRecordedRequests));
  }
  if (request.seconds() > kMostRecordedSeconds) {
    return absl::InvalidArgumentError(Text("seconds: at most ", kMostRecordedSeconds));
  }
  return absl::OkStatus();
}

Recording::What WhatTo(const v1::RecordRequest& request, const std::string& deployment) {
  return {.deployment = deployment,
          .share = request.percent() == 0 ? 1 : request.percent() / 100,
          .requests = request.requests() == 0 ? kRecordedRequests : request.requests(),
          .only_failed = request.only_failed()};
}

v1::SetLogLevelResponse LevelsOf(const Revision& revision, const state::DeploymentRecord& record) {
  v1::SetLogLevelResponse response;
  for (const v1::Chainlet& chainlet : revision.manifest.chainlets()) {
    v1::LogLevel& level = *response.add_levels();
    level.set_chainlet(chainlet.name());
    const auto found = record.log_levels().find(chainlet.name());
    level.set_level(found == record.log_levels().end() ? "info" : found->second);
  }
  return response;
}

void SetLevel(const std::string& chainlet, const std::string& level,
              state::DeploymentRecord& record) {
  if (level.empty()) {
    record.mutable_log_levels()->erase(chainlet);
  } else {
    (*record.mutable_log_levels())[chainlet] = level;
  }
}

}  // namespace

absl::StatusOr<Observatory*> PlatformService::Observed() const {
  if (parts_.observatory != nullptr) return parts_.observatory;
  return absl::UnimplementedError("this platform measures, traces and records nothing");
}

Task<v1::MeasureResponse> PlatformService::Measure(v1::MeasureRequest request) {
  co_await Authorize();
  chains::internal::Here::Place here = co_await chains::internal::Here();
  const Deployment* const deployment = co_await Resolve(request.of());
  Observatory* const observatory = co_await Observed();
  if (request.seconds() > kMostMeasuredSeconds) {
    co_return absl::InvalidArgumentError(
        Text("seconds: at most ", kMostMeasuredSeconds, ", longer ago is not kept"));
  }
  const uint32_t seconds = request.seconds() == 0 ? kMeasuredSeconds : request.seconds();
  co_return observatory->measures().Read(deployment->id(), seconds, here.loop().Now());
}

Task<v1::ListTracesResponse> PlatformService::ListTraces(v1::ListTracesRequest request) {
  co_await Authorize();
  Observatory* const observatory = co_await Observed();
  std::string id;
  if (IsNamed(request.of())) {
    const Deployment* const deployment = co_await Resolve(request.of());
    id = deployment->id();
  }
  v1::ListTracesResponse response = observatory->traces().List(request, id);
  if (parts_.exporter != nullptr) {
    response.set_not_exported(parts_.exporter->dropped());
    response.set_export_problem(std::string(MessageOf(parts_.exporter->problem())));
  }
  co_return response;
}

Task<v1::Trace> PlatformService::GetTrace(v1::GetTraceRequest request) {
  co_await Authorize();
  Observatory* const observatory = co_await Observed();
  v1::Trace trace = co_await observatory->traces().Get(request);
  co_return trace;
}

// Kept with the deployment: a replica that starts later follows it, too.
Task<v1::SetLogLevelResponse> PlatformService::SetLogLevel(v1::SetLogLevelRequest request) {
  co_await Authorize();
  if (!request.level().empty()) co_await CheckLogLevel(request.level());
  const Permit changing = co_await parts_.keeper.Begin();
  Deployment* const deployment = co_await Resolve(request.of());
  const std::shared_ptr<const Revision> revision =
      deployment->live != nullptr ? deployment->live : deployment->pending;
  if (revision == nullptr) {
    co_return absl::FailedPreconditionError(Text(deployment->id(), " never became live"));
  }
  state::DeploymentRecord record = deployment->record;
  if (request.chainlet().empty()) {
    for (const v1::Chainlet& each : revision->manifest.chainlets()) {
      SetLevel(each.name(), request.level(), record);
    }
    SetLevel("", request.level(), record);
  } else {
    const std::string name = co_await ResolveChainlet(revision->manifest, request.chainlet());
    SetLevel(name, request.level(), record);
  }
  v1::SetLogLevelResponse response = LevelsOf(*revision, record);
  Store::Change change;
  change.put_deployments.push_back(std::move(record));
  co_await parts_.keeper.Keep(std::move(change));
  co_return response;
}

absl::StatusOr<v1::RecordingPart> PlatformService::HeaderOf(const Deployment& deployment,
                                                            absl::Time now) {
  if (!deployment.active() || deployment.live == nullptr) {
    return absl::FailedPreconditionError(
        Text("deployment ", deployment.id(), " takes no requests; there is nothing to record"));
  }
  v1::RecordingPart part;
  v1::RecordingHeader& header = *part.mutable_header();
  header.set_version(1);
  header.set_chain(deployment.record.chain());
  header.set_deployment(deployment.id());
  header.set_entrypoint(deployment.live->manifest.entrypoint());
  header.set_bundle(deployment.live->bundle);
  header.set_unix_ms(absl::ToUnixMillis(now));
  *header.mutable_descriptors() = deployment.live->descriptors;
  return part;
}

Stream<v1::RecordingPart> PlatformService::Record(v1::RecordRequest request) {
  co_await Authorize();
  chains::internal::Here::Place here = co_await chains::internal::Here();
  const Deployment* const deployment = co_await Resolve(request.of());
  const std::string id = deployment->id();
  Observatory* const observatory = co_await Observed();
  co_await CheckRecord(request);
  v1::RecordingPart header = co_await HeaderOf(*deployment, here.loop().Now());
  Recording::What what = WhatTo(request, id);
  const std::unique_ptr<Recording> recording =
      co_await observatory->recordings().Begin(std::move(what));
  const uint32_t seconds = request.seconds() == 0 ? kRecordedSeconds : request.seconds();
  const absl::Time stop = here.loop().Now() + absl::Seconds(seconds);
  co_yield std::move(header);
  while (true) {
    while (std::optional<v1::RecordedRequest> next = recording->Take()) {
      v1::RecordingPart part;
      *part.mutable_request() = *std::move(next);
      co_yield std::move(part);
    }
    const absl::Time now = here.loop().Now();
    if (recording->is_full() || now >= stop + kLate) co_return;
    if (now >= stop) recording->Stop();
    const bool is_gone = parts_.model.Find(id) == nullptr;
    if (is_gone) co_return;
    const absl::StatusOr<chains::internal::Unit> news =
        co_await Outcome(WithTimeout(NewsOf(&recording->news()), kLookAgain));
    news.status().IgnoreError();  // none came: it is time to look all the same
  }
}

Task<v1::MakeTestResponse> PlatformService::MakeTest(v1::MakeTestRequest request) {
  co_await Authorize();
  if (request.trace_id().empty()) {
    co_return chains::deploy::MakeTest(request.header(), request.request());
  }
  chains::internal::Here::Place here = co_await chains::internal::Here();
  Observatory* const observatory = co_await Observed();
  v1::GetTraceRequest asked;
  asked.set_trace_id(request.trace_id());
  asked.set_messages(true);
  v1::Trace trace = co_await observatory->traces().Get(asked);
  const Deployment* const deployment = parts_.model.Find(trace.summary().deployment());
  if (deployment == nullptr) {
    co_return absl::NotFoundError(
        Text("the deployment ", trace.summary().deployment(), " of this trace is gone"));
  }
  const v1::RecordingPart part = co_await HeaderOf(*deployment, here.loop().Now());
  v1::RecordedRequest recorded;
  recorded.mutable_spans()->Swap(trace.mutable_spans());
  recorded.set_incomplete(trace.incomplete());
  co_return chains::deploy::MakeTest(part.header(), recorded);
}

}  // namespace chains::deploy
