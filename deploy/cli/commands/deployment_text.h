// Deployments as people read them: the table of `list`, the page of `status`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "chains/v1/platform.pb.h"
#include "deploy/cli/terminal/terminal.h"

namespace chains::deploy::cli {

std::string_view StateName(v1::DeploymentState state);  // "active", "scaled to zero"
Style StateStyle(v1::DeploymentState state);
std::string_view PlacementName(v1::PlacementMode placement);  // "separate"

// "2/2 1/3": ready and wanted replicas of each chainlet.
std::string ReplicaCounts(const v1::Deployment& deployment);

// "10 % of production"; empty without a canary.
std::string SharesOf(const v1::Deployment& deployment);

void PrintDeployments(const Terminal& terminal, const v1::ListResponse& list, absl::Time now);

// Who runs where and why, what went wrong.
void PrintStatus(const Terminal& terminal, const v1::Deployment& deployment, absl::Time now);

// A problem of several lines, indented.
void PrintProblem(const Terminal& terminal, std::string_view problem, size_t indent);

}  // namespace chains::deploy::cli
