// Controller: canaries that fail too often are ended.
#include <utility>
#include <vector>

#include "deploy/platform/canary.h"
#include "deploy/platform/controller.h"

namespace chains::deploy {
namespace {

std::string WhyToEndIt(Model& model, const state::EnvironmentRecord& environment) {
  if (!environment.has_canary()) return "";
  const Deployment* const canary = model.Find(environment.canary().deployment());
  const Deployment* const rest = model.Find(environment.deployment());
  if (canary == nullptr || rest == nullptr) return "";
  return WhyToEnd(environment.canary(), canary->traffic, rest->traffic);
}

}  // namespace

Task<void> Controller::EndCanaries() {
  std::vector<Model::EnvironmentName> failing;
  for (const auto& [name, environment] : model_.environments) {
    if (!WhyToEndIt(model_, environment).empty()) failing.push_back(name);
  }
  for (const Model::EnvironmentName& name : failing) {
    const Permit changing = co_await keeper_.Begin();
    // Somebody may have ended or promoted it meanwhile.
    const auto found = model_.environments.find(name);
    if (found == model_.environments.end()) continue;
    std::string why = WhyToEndIt(model_, found->second);
    if (why.empty()) continue;
    state::EnvironmentRecord record = found->second;
    v1::EndedCanary& ended = *record.mutable_ended_canary();
    ended.set_deployment(record.canary().deployment());
    ended.set_why(std::move(why));
    record.clear_canary();
    Store::Change change;
    change.put_environments.push_back(std::move(record));
    co_await keeper_.Keep(std::move(change));
  }
}

}  // namespace chains::deploy
