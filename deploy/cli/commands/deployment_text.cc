#include "deploy/cli/commands/deployment_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/terminal/table.h"

namespace chains::deploy::cli {
namespace {

constexpr int kShownChanges = 5;

std::string NameOf(const v1::ChainletStatus& chainlet) {
  return chainlet.display_name().empty() ? chainlet.chainlet() : chainlet.display_name();
}

std::string Age(int64_t unix_ms, absl::Time now) {
  return unix_ms == 0 ? "" : HumanAge(now - absl::FromUnixMillis(unix_ms));
}

std::string Old(int64_t unix_ms, absl::Time now) {
  const std::string age = Age(unix_ms, now);
  return age == "now" ? "just made" : Text(age, " old");
}

std::string KindOf(const v1::Deployment& deployment) {
  return deployment.development() ? absl::StrCat("development r", deployment.revision())
                                  : "published";
}

std::optional<Style> StyleOf(std::string_view state) {
  if (state == "ready") return Style::kGood;
  if (state == "crashing" || state == "unhealthy" || state == "unreachable") return Style::kBad;
  if (state == "starting" || state == "draining" || state == "pending") return Style::kWarning;
  return std::nullopt;
}

std::string SharedWith(const v1::Deployment& deployment, const v1::ReplicaStatus& replica) {
  std::vector<std::string> names;
  for (const std::string& chainlet : replica.shares_process_with()) {
    std::string name = chainlet;
    for (const v1::ChainletStatus& each : deployment.chainlets()) {
      if (each.chainlet() == chainlet) name = NameOf(each);
    }
    names.push_back(name);
  }
  return absl::StrJoin(names, ", ");
}

void PrintChainlets(const Terminal& terminal, const v1::Deployment& deployment) {
  Table table({"CHAINLET", "STATE", "READY", "WANTED", "MIN", "MAX", "IN FLIGHT"});
  for (const v1::ChainletStatus& chainlet : deployment.chainlets()) {
    table.Add({{NameOf(chainlet)},
               {chainlet.state(), StyleOf(chainlet.state())},
               {absl::StrCat(chainlet.ready())},
               {absl::StrCat(chainlet.wanted())},
               {absl::StrCat(chainlet.autoscaling().min_replica())},
               {absl::StrCat(chainlet.autoscaling().max_replica())},
               {HumanNumber(chainlet.in_flight())}});
  }
  table.Print(terminal, 2);
}

// One machine needs no name.
bool HasNodes(const v1::Deployment& deployment) {
  for (const v1::ChainletStatus& chainlet : deployment.chainlets()) {
    for (const v1::ReplicaStatus& replica : chainlet.replicas()) {
      if (!replica.node().empty()) return true;
    }
  }
  return false;
}

void PrintReplicas(const Terminal& terminal, const v1::Deployment& deployment, absl::Time now) {
  const bool has_nodes = HasNodes(deployment);
  std::vector<std::string> headings = {
      "REPLICA", "CHAINLET", "STATE",     "PID",
      "AGE",     "RESTARTS", "IN FLIGHT", "SHARES ITS PROCESS WITH"};
  if (has_nodes) headings.emplace_back("NODE");
  Table table(std::move(headings));
  for (const v1::ChainletStatus& chainlet : deployment.chainlets()) {
    for (const v1::ReplicaStatus& replica : chainlet.replicas()) {
      std::vector<Table::Cell> row = {{replica.name()},
                                      {NameOf(chainlet)},
                                      {replica.state(), StyleOf(replica.state())},
                                      {replica.pid() == 0 ? "" : absl::StrCat(replica.pid())},
                                      {Age(replica.started_unix_ms(), now)},
                                      {absl::StrCat(replica.restarts())},
                                      {absl::StrCat(replica.in_flight())},
                                      {SharedWith(deployment, replica)}};
      if (has_nodes) row.push_back({replica.node()});
      table.Add(std::move(row));
    }
  }
  if (table.empty()) return;
  terminal.out << "\n";
  table.Print(terminal, 2);
}

void PrintChanges(const Terminal& terminal, const v1::Deployment& deployment, absl::Time now) {
  Table table({"SCALED", "CHAINLET", "REPLICAS", "WHY"});
  for (const v1::ChainletStatus& chainlet : deployment.chainlets()) {
    for (int i = 0; i < std::min(kShownChanges, chainlet.changes_size()); ++i) {
      const v1::ScaleChange& change = chainlet.changes(i);
      table.Add({{Ago(now - absl::FromUnixMillis(change.unix_ms()))},
                 {NameOf(chainlet)},
                 {absl::StrCat(change.from(), " → ", change.to())},
                 {change.why()}});
    }
  }
  if (table.empty()) return;
  terminal.out << "\n";
  table.Print(terminal, 2);
}

}  // namespace

std::string_view StateName(v1::DeploymentState state) {
  switch (state) {
    case v1::DEPLOYMENT_DEPLOYING:
      return "deploying";
    case v1::DEPLOYMENT_ACTIVE:
      return "active";
    case v1::DEPLOYMENT_SCALED_TO_ZERO:
      return "scaled to zero";
    case v1::DEPLOYMENT_WAKING_UP:
      return "waking up";
    case v1::DEPLOYMENT_UNHEALTHY:
      return "unhealthy";
    case v1::DEPLOYMENT_INACTIVE:
      return "inactive";
    case v1::DEPLOYMENT_FAILED:
      return "failed";
    default:
      return "unknown";
  }
}

Style StateStyle(v1::DeploymentState state) {
  switch (state) {
    case v1::DEPLOYMENT_ACTIVE:
      return Style::kGood;
    case v1::DEPLOYMENT_UNHEALTHY:
    case v1::DEPLOYMENT_FAILED:
      return Style::kBad;
    case v1::DEPLOYMENT_DEPLOYING:
    case v1::DEPLOYMENT_WAKING_UP:
      return Style::kWarning;
    default:
      return Style::kFaint;
  }
}

std::string_view PlacementName(v1::PlacementMode placement) {
  return placement == v1::PLACEMENT_TOGETHER ? "together"
         : placement == v1::PLACEMENT_GROUPS ? "groups"
                                             : "separate";
}

std::string ReplicaCounts(const v1::Deployment& deployment) {
  std::vector<std::string> counts;
  for (const v1::ChainletStatus& chainlet : deployment.chainlets()) {
    counts.push_back(Text(NameOf(chainlet), " ", chainlet.ready(), "/", chainlet.wanted()));
  }
  return absl::StrJoin(counts, ", ");
}

std::string SharesOf(const v1::Deployment& deployment) {
  std::vector<std::string> shares;
  for (const v1::CanaryOf& each : deployment.canary_of()) {
    shares.push_back(Text(each.percent(), " % of ", each.environment()));
  }
  return absl::StrJoin(shares, ", ");
}

void PrintDeployments(const Terminal& terminal, const v1::ListResponse& list, absl::Time now) {
  Table table({"CHAIN", "ID", "KIND", "STATE", "ENVIRONMENTS", "AGE", "READY/WANTED"});
  for (const v1::Deployment& deployment : list.deployments()) {
    table.Add({{deployment.chain()},
               {deployment.id()},
               {KindOf(deployment)},
               {std::string(StateName(deployment.state())), StateStyle(deployment.state())},
               {deployment.canary_of().empty() ? absl::StrJoin(deployment.environments(), ", ")
                                               : SharesOf(deployment)},
               {Age(deployment.created_unix_ms(), now)},
               {ReplicaCounts(deployment)}});
  }
  table.Print(terminal);
}

void PrintProblem(const Terminal& terminal, std::string_view problem, size_t indent) {
  for (const std::string& line : SafeLines(problem)) {
    terminal.out << std::string(indent, ' ') << Styled(terminal, Style::kBad, line) << "\n";
  }
}

void PrintStatus(const Terminal& terminal, const v1::Deployment& deployment, absl::Time now) {
  terminal.out << Styled(terminal, Style::kStrong, Safe(deployment.chain())) << " "
               << Safe(deployment.id()) << "  "
               << Styled(terminal, StateStyle(deployment.state()), StateName(deployment.state()))
               << ", " << KindOf(deployment) << ", " << Old(deployment.created_unix_ms(), now)
               << ", placement " << PlacementName(deployment.placement());
  if (!deployment.environments().empty()) {
    terminal.out << ", serves " << Safe(absl::StrJoin(deployment.environments(), ", "));
  }
  if (!deployment.canary_of().empty()) {
    terminal.out << ", canary: " << Safe(SharesOf(deployment));
  }
  terminal.out << "\n";
  PrintProblem(terminal, deployment.problem(), 2);
  for (const std::string& path : deployment.paths()) terminal.out << "  at " << Safe(path) << "\n";
  terminal.out << "\n";
  PrintChainlets(terminal, deployment);
  for (const v1::ChainletStatus& chainlet : deployment.chainlets()) {
    if (chainlet.problem().empty() && chainlet.note().empty()) continue;
    terminal.out << "\n  " << Safe(NameOf(chainlet)) << ":\n";
    PrintProblem(terminal, chainlet.problem(), 4);
    for (const std::string& line : SafeLines(chainlet.note())) {
      terminal.out << "    " << Styled(terminal, Style::kWarning, line) << "\n";
    }
  }
  PrintReplicas(terminal, deployment, now);
  PrintChanges(terminal, deployment, now);
}

}  // namespace chains::deploy::cli
