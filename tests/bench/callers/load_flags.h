// What the callers over deploy/load share: the flags of a Plan, and how they end.
#pragma once

#include <cstdio>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "deploy/load/plan.h"
#include "deploy/load/report.h"

namespace bench {

struct LoadFlags {
  chains::load::Plan plan;
  double seconds = 0;
  double timeout_seconds = 10;
  bool count_errors = false;
};

inline void DeclareLoad(CLI::App& app, LoadFlags& flags) {
  chains::load::Plan& plan = flags.plan;
  app.add_option("--rate", plan.rate,
                 "calls a second, whether or not answers come; 0: closed loop");
  app.add_option("--seconds", flags.seconds, "of measuring; without it and --calls: 1");
  app.add_option("--calls", plan.calls, "to measure");
  app.add_option("--warm-up", plan.warm_up, "calls that are not counted");
  app.add_option("--timeout", flags.timeout_seconds, "seconds, of each call");
  app.add_flag("--count-errors", flags.count_errors,
               "go on after an error; without it the first one ends the run");
  app.add_option("--pid", plan.processes, "whose processor time is told, too");
}

// What the flags ask for.
inline chains::load::Plan PlanFrom(const LoadFlags& flags) {
  chains::load::Plan plan = flags.plan;
  plan.duration = absl::Seconds(flags.seconds == 0 && plan.calls == 0 ? 1 : flags.seconds);
  plan.timeout = absl::Seconds(flags.timeout_seconds);
  plan.max_errors = flags.count_errors ? 0 : 1;
  return plan;
}

// Prints the report, or what went wrong; the exit code.
inline int End(const std::string& program, const LoadFlags& flags,
               const absl::StatusOr<chains::load::Report>& report) {
  if (report.ok()) std::printf("%s\n", chains::load::ToJson(*report).c_str());
  if (report.ok() && (flags.count_errors || report->errors == 0)) return 0;
  const std::string words =
      report.ok() ? report->first_error : std::string(report.status().message());
  std::fprintf(stderr, "%s: %s\n", program.c_str(), words.c_str());
  return 1;
}

}  // namespace bench
