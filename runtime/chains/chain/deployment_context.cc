#include "chains/chain/deployment_context.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "chains/chain/log.h"
#include "chains/core/text.h"

namespace chains {

std::optional<std::string> DeploymentContext::Variable(std::string_view name) const {
  auto found = contents_.variables.find(std::string(name));
  if (found == contents_.variables.end()) return std::nullopt;
  return found->second;
}

absl::StatusOr<std::string> DeploymentContext::Secret(std::string_view name) const {
  auto found = contents_.secret_files.find(std::string(name));
  if (found == contents_.secret_files.end()) {
    return absl::NotFoundError(absl::StrCat(
        "no secret ", std::string(name),
        " for this chainlet: name it in its chains::Settings, and give it with --secret ",
        std::string(name), "=FILE"));
  }
  std::ifstream file(found->second, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot read ", found->second, ", which --secret gives for ", std::string(name)));
  }
  std::string secret = content.str();
  if (!secret.empty() && secret.back() == '\n') secret.pop_back();
  return secret;
}

absl::StatusOr<std::filesystem::path> DeploymentContext::Asset(std::string_view name) const {
  auto found = contents_.assets.find(std::string(name));
  if (found == contents_.assets.end()) {
    return absl::NotFoundError(absl::StrCat("no asset ", std::string(name),
                                            " for this chainlet: name it in its chains::Settings"));
  }
  if (found->second.find("://") != std::string::npos) {
    return absl::FailedPreconditionError(
        absl::StrCat("the asset ", std::string(name), " is at ", found->second,
                     ", which a platform fetches; without one say where it is: --asset ",
                     std::string(name), "=PATH"));
  }
  return std::filesystem::path(found->second);
}

absl::StatusOr<std::optional<gpu::Found>> DeploymentContext::Gpu() const {
  const gpu::Wanted& wanted = contents_.gpu;
  if (wanted.module.empty()) {
    return absl::FailedPreconditionError(
        "this chainlet declares no GPU module: chains::Resources{.gpu = …, .gpu_module = …}");
  }
  absl::StatusOr<gpu::Found> found = gpu::FindDevices(wanted);
  if (found.ok()) return std::optional(*std::move(found));
  if (contents_.gpu_optional) {
    Log(Context(), Severity::kInfo, Text("runs on CPUs: ", MessageOf(found.status())));
    return std::nullopt;
  }
  return absl::FailedPreconditionError(
      Text(MessageOf(found.status()),
           ". Resources{.gpu_optional = true} would let it run on CPUs, if it can"));
}

}  // namespace chains
