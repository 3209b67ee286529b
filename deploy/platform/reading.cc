// PlatformService: what is only read.
#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "chains/core/blocking.h"
#include "chains/core/notice.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "deploy/logs/log_levels.h"
#include "deploy/platform/describe.h"
#include "deploy/platform/platform_service.h"
#include "deploy/state/keys.h"

namespace chains::deploy {
namespace {

// Who follows a log learns so late that the deployment is gone.
constexpr absl::Duration kLookAgain = absl::Seconds(1);

Task<void> NewsOf(std::shared_ptr<Notice> notice) { co_await notice->Wait(); }

}  // namespace

Task<void> PlatformService::Authorize() {
  if (parts_.model.open) co_return;
  const Context context = co_await CurrentContext();
  std::vector<state::KeyRecord> keys;
  for (const auto& [name, key] : parts_.model.keys) keys.push_back(key);
  co_await FindKey(keys, context.Header("authorization"), v1::KEY_SCOPE_MANAGE, absl::Now())
      .status();
}

absl::StatusOr<Deployment*> PlatformService::Resolve(const v1::DeploymentRequest& request) {
  return parts_.model.Resolve(request.deployment(), request.chain(), request.environment());
}

v1::DeploymentResponse PlatformService::Shown(const Deployment& deployment) const {
  v1::DeploymentResponse response;
  *response.mutable_deployment() = Describe(parts_.model, deployment);
  return response;
}

Task<v1::AboutResponse> PlatformService::About(v1::AboutRequest) {
  co_await Authorize();
  co_return parts_.about;
}

Task<v1::ListResponse> PlatformService::List(v1::ListRequest request) {
  co_await Authorize();
  v1::ListResponse response;
  std::vector<const Deployment*> listed;
  for (const auto& [id, deployment] : parts_.model.deployments) {
    if (request.chain().empty() || deployment->record.chain() == request.chain()) {
      listed.push_back(deployment.get());
    }
  }
  std::sort(listed.begin(), listed.end(), [](const Deployment* a, const Deployment* b) {
    if (a->record.chain() != b->record.chain()) return a->record.chain() < b->record.chain();
    return a->record.sequence() > b->record.sequence();
  });
  for (const Deployment* each : listed) {
    *response.add_deployments() = Describe(parts_.model, *each);
  }
  for (const auto& [name, environment] : parts_.model.environments) {
    if (request.chain().empty() || environment.chain() == request.chain()) {
      *response.add_environments() = Describe(environment);
    }
  }
  co_return response;
}

Task<v1::DeploymentResponse> PlatformService::Status(v1::DeploymentRequest request) {
  co_await Authorize();
  Deployment* const deployment = co_await Resolve(request);
  v1::DeploymentResponse response = Shown(*deployment);
  const auto& revision = deployment->pending != nullptr ? deployment->pending : deployment->live;
  if (revision != nullptr) *response.mutable_deployment()->mutable_manifest() = revision->manifest;
  co_return response;
}

Stream<v1::LogLine> PlatformService::Logs(v1::LogsRequest request) {
  co_await Authorize();
  chains::internal::Here::Place here = co_await chains::internal::Here();
  if (!request.level().empty()) co_await CheckLogLevel(request.level());
  const Deployment* const deployment = co_await Resolve(request.of());
  const std::string id = deployment->id();
  const LogFilter filter{.chainlet = request.chainlet(),
                         .replica = request.replica(),
                         .request_id = request.request_id(),
                         .trace_id = request.trace_id(),
                         .level = request.level(),
                         .text = request.text(),
                         .tail = request.tail()};
  std::deque<v1::LogLine> past;
  const auto keep = [&past](const v1::LogLine& line) {
    past.push_back(line);
    return true;
  };
  // The thread that appends may give notice when this stream is gone.
  const auto news_came = std::make_shared<Notice>();
  Loop& loop = here.loop();
  absl::StatusOr<std::unique_ptr<LogSubscription>> subscribed = absl::UnknownError("");
  co_await Blocking([&]() -> absl::Status {
    if (!request.follow()) return parts_.logs.Read(id, filter, keep);
    subscribed = parts_.logs.Subscribe(
        id, filter, keep, [&loop, news_came] { loop.Post([news_came] { news_came->Give(); }); });
    return subscribed.status();
  });
  for (; !past.empty(); past.pop_front()) co_yield std::move(past.front());
  if (const absl::Status problem = parts_.logs.problem(); !problem.ok()) {
    v1::LogLine trouble;
    trouble.set_unix_ms(absl::ToUnixMillis(loop.Now()));
    trouble.set_deployment(id);
    trouble.set_level("error");
    trouble.set_message(Text("lines are not taken at present: ", MessageOf(problem)));
    co_yield std::move(trouble);
  }
  if (!request.follow()) co_return;
  while (true) {
    LogSubscription::News news = (*subscribed)->Take();
    if (news.lines.empty()) {
      if (parts_.model.Find(id) == nullptr) co_return;  // it was deleted
      const absl::StatusOr<chains::internal::Unit> news =
          co_await Outcome(WithTimeout(NewsOf(news_came), kLookAgain));
      news.status().IgnoreError();  // none came: it is time to look all the same
      continue;
    }
    if (news.lost > 0) {
      v1::LogLine gap;
      gap.set_unix_ms(news.lines.front().unix_ms());
      gap.set_deployment(id);
      gap.set_level("warning");
      gap.set_message(Text(news.lost, " lines are left out here: they came faster than read"));
      co_yield std::move(gap);
    }
    for (v1::LogLine& line : news.lines) co_yield std::move(line);
  }
}

}  // namespace chains::deploy
