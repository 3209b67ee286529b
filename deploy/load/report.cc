#include "deploy/load/report.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "chains/json/json_writer.h"

namespace chains::load {
namespace {

std::string Fixed(double value, int digits) { return absl::StrFormat("%.*f", digits, value); }

std::string Microseconds(uint64_t nanoseconds) {
  return Fixed(static_cast<double>(nanoseconds) / 1e3, 1);
}

}  // namespace

double Report::calls_per_second() const {
  if (elapsed <= absl::ZeroDuration()) return 0;
  return static_cast<double>(calls) / absl::ToDoubleSeconds(elapsed);
}

std::string ToJson(const Report& report) {
  json::JsonWriter json;
  json.BeginObject().Key("calls").Integer(report.calls);
  json.Key("per_second").Raw(Fixed(report.calls_per_second(), 1));
  json.Key("rate").Raw(Fixed(report.rate, 1));
  json.Key("p50_us").Raw(Microseconds(report.latencies.Quantile(0.5)));
  json.Key("p99_us").Raw(Microseconds(report.latencies.Quantile(0.99)));
  json.Key("p999_us").Raw(Microseconds(report.latencies.Quantile(0.999)));
  json.Key("max_us").Raw(Microseconds(report.latencies.max()));
  json.Key("late_p99_us").Raw(Microseconds(report.lateness.Quantile(0.99)));
  json.Key("errors").Integer(report.errors);
  json.Key("errors_by_kind").BeginObject();
  for (const auto& [kind, count] : report.errors_by_kind) json.Key(kind).Integer(count);
  json.End().Key("first_error").String(report.first_error);
  json.Key("unfinished").Integer(report.unfinished);
  json.Key("cpu_us").BeginArray();
  const double ended = static_cast<double>(std::max<int64_t>(1, report.calls + report.errors));
  for (absl::Duration time : report.processor_times) {
    json.Raw(Fixed(absl::ToDoubleMicroseconds(time) / ended, 3));
  }
  json.End().End();
  return std::move(json).Take();
}

}  // namespace chains::load
