// World: what people ask of the platform, and what they know from its answers.
#include <utility>

#include "chains/core/text.h"
#include "deploy/bundle/digest.h"
#include "tests/deploy/cluster/world.h"
#include "tests/deploy/cluster/world_gateway.h"
#include "tests/deploy/platform/made_chains.h"

namespace chains::deploy {
namespace {

constexpr size_t kMaxDeployments = 5;
constexpr size_t kMaxAsked = 6;

v1::Bundle BundleOf(const std::string& price, const std::string& total) {
  v1::Bundle bundle = MakeBundle({{.name = "shop.Price", .code = price},
                                  {.name = "shop.Total", .calls = {"shop.Price"}, .code = total}});
  bundle.mutable_files(0)->set_sha256(Sha256Of("program"));
  bundle.mutable_files(0)->set_size(7);
  for (v1::ChainletCode& code : *bundle.mutable_code()) code.set_sha256(Sha256Of(code.sha256()));
  return bundle;
}

}  // namespace

void World::Follow(std::unique_ptr<Asked> asked, Task<void> task) {
  Note(Text("somebody asks: ", asked->what, " ", asked->deployment));
  asked->running.emplace(clock_, std::move(task));
  asked_.push_back(std::move(asked));
  clock_.Settle();
}

void World::Push() {
  v1::DeployRequest request;
  *request.mutable_bundle() = BundleOf(Text("price-", Draw(3)), Text("total-", Draw(3)));
  request.set_development(Draw() < 0.5);
  request.set_breaking(true);
  auto asked = std::make_unique<Asked>();
  asked->what = request.development() ? "push --development" : "push";
  if (!request.development() && Draw() < 0.5) request.set_environment("production");
  asked->promotes = !request.development();
  Asked* const answer = asked.get();
  Follow(std::move(asked), RunPush(std::move(request), answer));
}

void World::Ask() {
  if (asked_.size() >= kMaxAsked) return;
  std::vector<std::string> ids;
  for (const auto& [id, deployment] : platform_->model().deployments) ids.push_back(id);
  size_t kind = Draw(8);
  if (kind == 7 && Draw() < 0.5) kind = 4;  // what is pushed is rarely deleted at once
  if (ids.empty() || kind < 2) {
    if (ids.size() < kMaxDeployments) Push();
    return;
  }
  auto asked = std::make_unique<Asked>();
  Asked* const answer = asked.get();
  asked->deployment = OneOf(ids);
  v1::DeploymentRequest about;
  about.set_deployment(asked->deployment);
  if (kind == 2) {
    asked->what = "promote";
    asked->promotes = true;
    v1::PromoteRequest request;
    request.set_deployment(asked->deployment);
    request.set_breaking(true);
    may_promote_.insert(asked->deployment);
    return Follow(std::move(asked), RunPromote(std::move(request), answer));
  }
  if (kind == 3) {
    asked->what = "rollback";
    asked->promotes = true;
    const state::EnvironmentRecord* const record =
        platform_->model().Environment("shop", "production");
    asked->deployment = record == nullptr ? "" : record->previous();
    may_promote_.insert(ids.begin(), ids.end());
    v1::RollbackRequest request;
    request.set_chain("shop");
    return Follow(std::move(asked), RunRollback(std::move(request), answer));
  }
  if (kind == 4) {
    asked->what = "scale";
    v1::SetScalingRequest request;
    request.set_deployment(asked->deployment);
    request.set_chainlet(Draw() < 0.5 ? "shop.Price" : "shop.Total");
    request.mutable_change()->set_min_replica(static_cast<int>(Draw(4)));
    return Follow(std::move(asked), RunScaling(std::move(request)));
  }
  asked->what = kind == 5 ? "deactivate" : kind == 6 ? "activate" : "delete";
  asked->deletes = kind == 7;
  if (asked->deletes) may_be_gone_.insert(asked->deployment);
  Follow(std::move(asked), RunOther(static_cast<int>(kind), std::move(about)));
}

Task<void> World::RunPush(v1::DeployRequest request, Asked* asked) {
  Stream<v1::DeployEvent> events = platform_->service().Deploy(std::move(request));
  while (std::optional<v1::DeployEvent> event = co_await events.Next()) {
    asked->last = *std::move(event);
    asked->deployment = asked->last.deployment().id();
    pushed_.insert(asked->deployment);
    if (asked->promotes) may_promote_.insert(asked->deployment);
    if (asked->last.promoted_to() == "production") asked->promoted = asked->deployment;
  }
}

Task<void> World::RunPromote(v1::PromoteRequest request, Asked* asked) {
  const v1::PromoteResponse response = co_await platform_->service().Promote(std::move(request));
  asked->promoted = response.deployment().id();
}

Task<void> World::RunRollback(v1::RollbackRequest request, Asked* asked) {
  const v1::PromoteResponse response = co_await platform_->service().Rollback(std::move(request));
  asked->promoted = response.deployment().id();
}

Task<void> World::RunOther(int kind, v1::DeploymentRequest request) {
  if (kind == 5) {
    (void)co_await platform_->service().Deactivate(std::move(request));
  } else if (kind == 6) {
    (void)co_await platform_->service().Activate(std::move(request));
  } else {
    (void)co_await platform_->service().Delete(std::move(request));
  }
}

Task<void> World::RunScaling(v1::SetScalingRequest request) {
  (void)co_await platform_->service().SetScaling(std::move(request));
}

void World::TakeAnswers() {
  bool dies = false;
  for (auto each = asked_.begin(); each != asked_.end();) {
    Asked& asked = **each;
    if (!asked.running->done()) {
      ++each;
      continue;
    }
    const absl::Status status = asked.running->outcome().status();
    Note(Text("answered: ", asked.what, " ", asked.deployment, ": ",
              std::string(status.message()).substr(0, 120)));
    if (status.ok() && asked.deletes) deleted_.insert(asked.deployment);
    // What was just acknowledged is what a platform that dies now may forget.
    dies |= storms_ && Draw() < (asked.deletes ? 0.3 : 0.1);
    if (status.ok() && !asked.promoted.empty()) production_ = asked.promoted;
    each = asked_.erase(each);
  }
  if (gateway_ != nullptr) gateway_->Check();
  if (dies) KillPlatform();
}

}  // namespace chains::deploy
