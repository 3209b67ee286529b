#include "deploy/cli/commands/scaling_flags.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chains/chain/memory_size.h"
#include "chains/core/text.h"
#include "deploy/cli/terminal/human.h"

namespace chains::deploy::cli {
namespace {

std::optional<absl::Duration> DelayFrom(const std::string& text) {
  absl::Duration delay;
  if (!absl::ParseDuration(text, &delay) || delay < absl::ZeroDuration()) return std::nullopt;
  return delay;
}

std::string DelayProblem(const std::string& text) {
  return DelayFrom(text) ? "" : Text("'", text, "' is no time such as 0, 90s or 15m");
}

std::string MemoryProblem(const std::string& text) {
  return internal::ParseMemorySize(text)
             ? ""
             : Text("'", text, "' is no size of memory such as 512Mi or 2Gi");
}

}  // namespace

std::vector<Option> ScalingOptions(ScalingFlags& flags) {
  return {
      {"--min-replica", "replicas that there always are", &flags.min_replica},
      {"--max-replica", "and at most", &flags.max_replica},
      {"--autoscaling-window", "over which calls in flight are averaged",
       &flags.autoscaling_window},
      {"--scale-down-delay",
       "how long it must be less before replicas end",
       &flags.scale_down_delay,
       {.check = DelayProblem}},
      {"--max-scale-down-rate", "percent of replicas that end at a time",
       &flags.max_scale_down_rate},
      {"--concurrency-target", "calls at a time that a replica is for", &flags.concurrency_target},
      {"--target-utilization-percentage", "of that, before there are more replicas",
       &flags.target_utilization_percentage},
      {"--cpus", "of a replica", &flags.cpus},
      {"--memory", "of a replica: 512Mi, 2Gi", &flags.memory, {.check = MemoryProblem}},
      {"--reset", "first back to what the chain's code says", &flags.reset}};
}

v1::ScalingChange ToChange(const ScalingFlags& flags) {
  v1::ScalingChange change;
  if (flags.min_replica) change.set_min_replica(*flags.min_replica);
  if (flags.max_replica) change.set_max_replica(*flags.max_replica);
  if (flags.autoscaling_window) {
    change.set_autoscaling_window_sec(absl::ToDoubleSeconds(*flags.autoscaling_window));
  }
  if (!flags.scale_down_delay.empty()) {
    change.set_scale_down_delay_sec(
        absl::ToDoubleSeconds(DelayFrom(flags.scale_down_delay).value_or(absl::ZeroDuration())));
  }
  if (flags.max_scale_down_rate) change.set_max_scale_down_rate(*flags.max_scale_down_rate);
  if (flags.concurrency_target) change.set_concurrency_target(*flags.concurrency_target);
  if (flags.target_utilization_percentage) {
    change.set_target_utilization_percentage(*flags.target_utilization_percentage);
  }
  if (flags.cpus) change.set_cpus(*flags.cpus);
  if (!flags.memory.empty()) {
    change.set_memory_bytes(internal::ParseMemorySize(flags.memory).value_or(0));
  }
  return change;
}

bool IsEmpty(const ScalingFlags& flags) {
  return !flags.reset && ChangeText(ToChange(flags)).empty();
}

std::string ChangeText(const v1::ScalingChange& change) {
  std::vector<std::string> parts;
  if (change.has_min_replica()) parts.push_back(Text("min_replica ", change.min_replica()));
  if (change.has_max_replica()) parts.push_back(Text("max_replica ", change.max_replica()));
  if (change.has_autoscaling_window_sec()) {
    parts.push_back(Text("autoscaling_window ", change.autoscaling_window_sec(), "s"));
  }
  if (change.has_scale_down_delay_sec()) {
    parts.push_back(Text("scale_down_delay ", change.scale_down_delay_sec(), "s"));
  }
  if (change.has_max_scale_down_rate()) {
    parts.push_back(Text("max_scale_down_rate ", change.max_scale_down_rate(), " %"));
  }
  if (change.has_concurrency_target()) {
    parts.push_back(Text("concurrency_target ", change.concurrency_target()));
  }
  if (change.has_target_utilization_percentage()) {
    parts.push_back(Text("target_utilization_percentage ", change.target_utilization_percentage()));
  }
  if (change.has_cpus()) parts.push_back(Text("cpus ", change.cpus()));
  if (change.has_memory_bytes()) {
    parts.push_back(Text("memory ", HumanBytes(static_cast<uint64_t>(change.memory_bytes()))));
  }
  return absl::StrJoin(parts, ", ");
}

}  // namespace chains::deploy::cli
