#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "chains/chain/check.h"
#include "chains/chain/memory_size.h"
#include "chains/core/text.h"
#include "chains/json/method_timeout.h"

namespace chains::internal {
namespace {

constexpr double kMostCpus = 1024;
constexpr int64_t kLeastMemory = int64_t{16} << 20;
constexpr int64_t kMostMemory = int64_t{64} << 40;
constexpr int kMostGpus = 8;
constexpr int kMostReplicas = 1000;
constexpr int kMostAtOnce = 100'000;
constexpr int kMostQueued = 1'000'000;
constexpr const char* kGpus[] = {"T4", "L4", "A10G", "A100", "H100", "H100_40GB", "H200", "B200"};

bool IsWordWith(absl::string_view text, absl::string_view extra) {
  return !text.empty() && absl::c_all_of(text, [&](char c) {
    return absl::ascii_isalnum(c) || absl::StrContains(extra, c);
  });
}

// Reports the names in a list that are given more than once.
void CheckTwice(const ChainletSpec& chainlet, const char* kind,
                const std::vector<std::string>& names, Problems& problems) {
  std::set<std::string> seen;
  std::set<std::string> reported;
  for (const std::string& name : names) {
    if (seen.insert(name).second || !reported.insert(name).second) continue;
    problems.Add(chainlet, kind, Text("\"", name, "\" is listed twice; remove one"));
  }
}

void CheckGpu(const ChainletSpec& chainlet, const char* kind, Problems& problems) {
  const Resources& resources = chainlet.resources;
  const std::string& module = resources.gpu_module;
  if (!module.empty() && !IsWordWith(module, "_-")) {
    problems.Add(
        chainlet, kind,
        Text("gpu_module is \"", module,
             "\"; give the name of chains_add_gpu_module(): letters, digits, '-' and '_'"));
  }
  if (resources.gpu.empty()) {
    const auto names_no_type = [&](std::string_view what, std::string_view field) {
      problems.Add(chainlet, kind,
                   Text(what, ", but gpu names no type; name one, or leave ", field, " out"));
    };
    if (resources.gpu_count != 1) {
      names_no_type(Text("gpu_count is ", resources.gpu_count), "gpu_count");
    }
    if (!module.empty()) names_no_type(Text("gpu_module is \"", module, "\""), "gpu_module");
    if (resources.gpu_optional) names_no_type("gpu_optional is true", "gpu_optional");
    return;
  }
  if (!absl::c_linear_search(kGpus, resources.gpu)) {
    problems.Add(chainlet, kind,
                 Text("gpu is \"", resources.gpu, "\"; give one of ", absl::StrJoin(kGpus, ", ")));
  }
  CheckRange(chainlet, kind, "gpu_count", resources.gpu_count, 1, kMostGpus, problems);
}

void CheckResources(const ChainletSpec& chainlet, Problems& problems) {
  constexpr const char* kKind = "resources";
  const Resources& resources = chainlet.resources;
  if (!(resources.cpus > 0) || resources.cpus > kMostCpus) {
    problems.Add(chainlet, kKind,
                 Text("cpus is ", resources.cpus, "; give more than 0, at most ", kMostCpus));
  }
  const std::optional<int64_t> memory = ParseMemorySize(resources.memory);
  if (!memory || *memory < kLeastMemory || *memory > kMostMemory) {
    problems.Add(chainlet, kKind,
                 Text("memory is \"", resources.memory,
                      "\"; give 16Mi to 64Ti: a whole number of bytes, or with Ki, Mi, Gi "
                      "or Ti, such as \"2Gi\""));
  }
  CheckGpu(chainlet, kKind, problems);
}

void CheckAutoscaling(const ChainletSpec& chainlet, Problems& problems) {
  constexpr const char* kKind = "autoscaling";
  const Autoscaling& scaling = chainlet.autoscaling;
  CheckRange(chainlet, kKind, "min_replica", scaling.min_replica, 0, kMostReplicas, problems);
  CheckRange(chainlet, kKind, "max_replica", scaling.max_replica, 1, kMostReplicas, problems);
  if (scaling.max_replica >= 1 && scaling.min_replica > scaling.max_replica) {
    problems.Add(chainlet, kKind,
                 Text("min_replica is ", scaling.min_replica, ", above max_replica, which is ",
                      scaling.max_replica, "; raise max_replica or lower min_replica"));
  }
  CheckRange(chainlet, kKind, "autoscaling_window", scaling.autoscaling_window, absl::Seconds(10),
             absl::Hours(1), problems);
  CheckRange(chainlet, kKind, "scale_down_delay", scaling.scale_down_delay, absl::ZeroDuration(),
             absl::Hours(1), problems);
  CheckRange(chainlet, kKind, "max_scale_down_rate", scaling.max_scale_down_rate, 1, 50, problems);
  CheckRange(chainlet, kKind, "concurrency_target", scaling.concurrency_target, 1, kMostAtOnce,
             problems);
  CheckRange(chainlet, kKind, "target_utilization_percentage",
             scaling.target_utilization_percentage, 1, 100, problems);
}

void CheckAdaptive(const ChainletSpec& chainlet, Problems& problems) {
  constexpr const char* kKind = "limits";
  const Limits& limits = chainlet.limits;
  if (!limits.adaptive.on) return;
  const int most = std::max(1, limits.concurrency_limit);
  CheckRange(chainlet, kKind, "adaptive.min", limits.adaptive.min, 1, most, problems);
  if (limits.adaptive.max == 0) return;
  CheckRange(chainlet, kKind, "adaptive.max", limits.adaptive.max, 1, most, problems);
  if (limits.adaptive.min > limits.adaptive.max && limits.adaptive.max >= 1) {
    problems.Add(chainlet, kKind,
                 Text("adaptive.min is ", limits.adaptive.min, ", above adaptive.max, which is ",
                      limits.adaptive.max, "; raise max or lower min"));
  }
}

void CheckLimits(const ChainletSpec& chainlet, Problems& problems) {
  constexpr const char* kKind = "limits";
  const Limits& limits = chainlet.limits;
  CheckRange(chainlet, kKind, "concurrency_limit", limits.concurrency_limit, 1, kMostAtOnce,
             problems);
  CheckRange(chainlet, kKind, "max_queued", limits.max_queued, 0, kMostQueued, problems);
  CheckAdaptive(chainlet, problems);
  const int target = chainlet.autoscaling.concurrency_target;
  if (limits.concurrency_limit >= 1 && target > limits.concurrency_limit) {
    problems.Add(chainlet, kKind,
                 Text("concurrency_target is ", target,
                      ", but a replica runs no more than "
                      "concurrency_limit calls at a time, which is ",
                      limits.concurrency_limit, "; raise the limit or lower the target"));
  }
}

void CheckContract(const ChainletSpec& chainlet, Problems& problems) {
  const ServiceInfo& info = *chainlet.contract->info;
  for (const Method& method : info.methods) {
    const auto* types = info.descriptor()->FindMethodByName(std::string(method.name));
    const absl::Status timeout = json::MethodTimeoutOf(*types).status();
    if (timeout.ok()) continue;
    problems.Add(
        chainlet, "contract",
        Text(info.proto_file, ":", method.line, " (", method.name, "): ", MessageOf(timeout)));
  }
}

void CheckDisplayName(const ChainletSpec& chainlet, Problems& problems) {
  const std::string& name = chainlet.settings.display_name;
  if (name.empty() || IsWordWith(name, "_-")) return;
  problems.Add(chainlet, "display_name",
               Text("it is \"", name, "\"; use letters, digits, '-' and '_'"));
}

void CheckSecrets(const ChainletSpec& chainlet, Problems& problems) {
  for (const std::string& name : chainlet.settings.secrets) {
    if (IsWordWith(name, "._-")) continue;
    problems.Add(chainlet, "secrets",
                 Text("\"", name,
                      "\" is no name of a secret; use letters, "
                      "digits, '.', '-' and '_'"));
  }
  CheckTwice(chainlet, "secrets", chainlet.settings.secrets, problems);
}

void CheckVariables(const ChainletSpec& chainlet, Problems& problems) {
  for (const auto& [name, value] : chainlet.settings.variables) {
    if (!IsWordWith(name, "_") || absl::ascii_isdigit(name[0])) {
      problems.Add(chainlet, "variables",
                   Text("\"", name,
                        "\" is no name of a variable; use letters, digits and "
                        "'_', and no digit at first"));
    }
    if (absl::c_linear_search(chainlet.settings.secrets, name)) {
      problems.Add(chainlet, "variables",
                   Text(name,
                        " is a secret too, and what a variable holds anybody may "
                        "read; remove one of the two"));
    }
  }
}

bool IsUrl(const std::string& source) { return absl::StrContains(source, "://"); }

void CheckAssets(const ChainletSpec& chainlet, Problems& problems) {
  std::vector<std::string> names;
  for (const Asset& asset : chainlet.settings.assets) {
    names.push_back(asset.name);
    if (!IsWordWith(asset.name, "._-")) {
      problems.Add(chainlet, "assets",
                   Text("\"", asset.name,
                        "\" is no name of an asset; use letters, "
                        "digits, '.', '-' and '_'"));
    }
    if (asset.source.empty()) {
      problems.Add(chainlet, "assets", Text(asset.name, " has no source; give a path or a URL"));
    }
    const bool is_digest = asset.sha256.size() == 64 && absl::c_all_of(asset.sha256, [](char c) {
                             return absl::ascii_isxdigit(c);
                           });
    if (!asset.sha256.empty() && !is_digest) {
      problems.Add(chainlet, "assets",
                   Text("sha256 of ", asset.name, " is \"", asset.sha256,
                        "\"; give the 64 hexadecimal digits that sha256sum prints"));
    }
  }
  CheckTwice(chainlet, "assets", names, problems);
}

void CheckImage(const ChainletSpec& chainlet, Problems& problems) {
  const Settings& settings = chainlet.settings;
  if (!settings.base_image.empty() && !IsWordWith(settings.base_image, "._-/:@")) {
    problems.Add(chainlet, "base_image",
                 Text("\"", settings.base_image,
                      "\" is no name of an image; give it as \"debian:12\" or "
                      "\"registry/name:tag\""));
  }
  for (const std::string& package : settings.system_packages) {
    if (IsWordWith(package, "+-.:=~") && absl::ascii_isalnum(package[0])) continue;
    problems.Add(chainlet, "system_packages",
                 Text("\"", package,
                      "\" is no name of a package; give each as apt knows it, "
                      "in a string of its own"));
  }
  CheckTwice(chainlet, "system_packages", settings.system_packages, problems);
}

void CheckHealth(const ChainletSpec& chainlet, Problems& problems) {
  constexpr const char* kKind = "health";
  const HealthThresholds& health = chainlet.settings.health;
  CheckRange(chainlet, kKind, "stop_traffic_after", health.stop_traffic_after, absl::Seconds(1),
             absl::Hours(24), problems);
  CheckRange(chainlet, kKind, "restart_after", health.restart_after, absl::Seconds(1),
             absl::Hours(24), problems);
  if (health.restart_after < health.stop_traffic_after) {
    problems.Add(chainlet, kKind,
                 Text("restart_after is ", absl::FormatDuration(health.restart_after),
                      ", before stop_traffic_after, which is ",
                      absl::FormatDuration(health.stop_traffic_after),
                      "; restart no earlier than traffic stops"));
  }
}

}  // namespace

void CheckChainlet(const ChainletSpec& chainlet, Problems& problems) {
  CheckResources(chainlet, problems);
  CheckAutoscaling(chainlet, problems);
  CheckLimits(chainlet, problems);
  CheckContract(chainlet, problems);
  CheckDisplayName(chainlet, problems);
  CheckSecrets(chainlet, problems);
  CheckVariables(chainlet, problems);
  CheckAssets(chainlet, problems);
  CheckImage(chainlet, problems);
  CheckHealth(chainlet, problems);
}

void CheckAssetFiles(const ChainletSpec& chainlet, const Given& given, Problems& problems) {
  for (const Asset& asset : chainlet.settings.assets) {
    const auto instead = given.assets.find(asset.name);
    const std::string& path = instead == given.assets.end() ? asset.source : instead->second;
    std::error_code ignored;
    if (path.empty() || IsUrl(path) || std::filesystem::exists(path, ignored)) continue;
    problems.Add(chainlet, "assets",
                 Text("there is no file ", path, " for ", asset.name,
                      "; put it there, or give another path, absolute or from the working "
                      "directory"));
  }
}

void CheckRange(const ChainletSpec& chainlet, const char* kind, const std::string& name, int value,
                int least, int most, Problems& problems) {
  if (value >= least && value <= most) return;
  problems.Add(chainlet, kind, Text(name, " is ", value, "; give ", least, " to ", most));
}

void CheckRange(const ChainletSpec& chainlet, const char* kind, const std::string& name,
                absl::Duration value, absl::Duration least, absl::Duration most,
                Problems& problems) {
  if (value >= least && value <= most) return;
  problems.Add(chainlet, kind,
               Text(name, " is ", absl::FormatDuration(value), "; give ",
                    absl::FormatDuration(least), " to ", absl::FormatDuration(most)));
}

}  // namespace chains::internal
