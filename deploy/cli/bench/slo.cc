#include "deploy/cli/bench/slo.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "chains/core/text.h"
#include "deploy/cli/terminal/human.h"

namespace chains::deploy::cli {
namespace {

absl::Status Expected(const std::string& text) {
  return absl::InvalidArgumentError(
      Text("'", text, "': p50=10ms, p99=50ms, p99.9=80ms, max=1s or errors=1% is expected"));
}

}  // namespace

absl::StatusOr<Slo> ParseSlo(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return Expected(text);
  Slo slo{.name = text.substr(0, equals)};
  std::string value = text.substr(equals + 1);
  double percent = 0;
  if (slo.name == "errors") {
    if (!value.ends_with('%')) return Expected(text);
    value.pop_back();
    slo.kind = Slo::Kind::kErrors;
    if (!absl::SimpleAtod(value, &percent) || !(percent >= 0 && percent <= 100)) {
      return Expected(text);
    }
    slo.share = percent / 100;
    return slo;
  }
  if (slo.name == "max") {
    slo.kind = Slo::Kind::kMax;
  } else if (slo.name.starts_with('p') && absl::SimpleAtod(slo.name.substr(1), &percent) &&
             percent > 0 && percent < 100) {
    slo.share = percent / 100;
  } else {
    return Expected(text);
  }
  if (!absl::ParseDuration(value, &slo.limit) || slo.limit <= absl::ZeroDuration()) {
    return Expected(text);
  }
  return slo;
}

SloOutcome Judge(const Slo& slo, const load::Report& report) {
  if (slo.kind == Slo::Kind::kErrors) {
    const double share = ErrorShare(report);
    return {
        .kept = share <= slo.share,
        .text = absl::StrFormat("errors %.3g %%, at most %.3g %%", share * 100, slo.share * 100)};
  }
  if (report.latencies.count() == 0) {
    return {.kept = false, .text = Text(slo.name, ": nothing was answered")};
  }
  const uint64_t nanoseconds =
      slo.kind == Slo::Kind::kMax ? report.latencies.max() : report.latencies.Quantile(slo.share);
  const absl::Duration measured = absl::Nanoseconds(static_cast<int64_t>(nanoseconds));
  return {.kept = measured <= slo.limit,
          .text = Text(slo.name, " ", HumanTime(measured), ", at most ", HumanTime(slo.limit))};
}

double ErrorShare(const load::Report& report) {
  const int64_t all = report.calls + report.errors;
  return all == 0 ? 0 : static_cast<double>(report.errors) / static_cast<double>(all);
}

}  // namespace chains::deploy::cli
