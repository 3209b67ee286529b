#include "deploy/cli/bench/bench_text.h"

#include "absl/strings/str_format.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

std::string Nanoseconds(uint64_t count) {
  return HumanTime(absl::Nanoseconds(static_cast<int64_t>(count)));
}

}  // namespace

void PrintBench(const Terminal& terminal, const load::Report& report, const ReceiptSums& hops,
                const std::vector<SloOutcome>& slos) {
  std::ostream& out = terminal.out;
  out << report.calls << " answered in " << HumanTime(report.elapsed) << ": "
      << HumanNumber(report.calls_per_second()) << " a second, asked for "
      << HumanNumber(report.rate) << "\n";
  if (report.latencies.count() > 0) {
    const load::Histogram& times = report.latencies;
    out << "p50 " << Nanoseconds(times.Quantile(0.5)) << "   p99 "
        << Nanoseconds(times.Quantile(0.99)) << "   p99.9 " << Nanoseconds(times.Quantile(0.999))
        << "   max " << Nanoseconds(times.max()) << "\n";
  }
  if (report.lateness.count() > 0 && report.lateness.Quantile(0.99) > 10'000'000) {
    out << Styled(terminal, Style::kWarning,
                  Text("calls started up to ", Nanoseconds(report.lateness.Quantile(0.99)),
                       " late (p99): more --connections, or a lower --rate"))
        << "\n";
  }
  out << absl::StrFormat("errors %d (%.3g %%)\n", report.errors, ErrorShare(report) * 100);
  for (const auto& [kind, count] : report.errors_by_kind) {
    out << "  " << Safe(kind) << ": " << count << "\n";
  }
  if (!report.first_error.empty()) out << "  the first: " << Safe(report.first_error) << "\n";
  if (!hops.empty()) {
    out << "\n";
    hops.ToTable().Print(terminal);
  }
  if (!slos.empty()) out << "\n";
  for (const SloOutcome& slo : slos) {
    out << (slo.kept ? Styled(terminal, Style::kGood, "kept  ")
                     : Styled(terminal, Style::kBad, "missed"))
        << "  " << slo.text << "\n";
  }
}

std::string BenchJson(const load::Report& report, const std::vector<SloOutcome>& slos) {
  json::JsonWriter json;
  json.BeginObject().Key("report").Raw(load::ToJson(report)).Key("slos").BeginArray();
  for (const SloOutcome& slo : slos) {
    json.BeginObject().Key("kept").Bool(slo.kept).Key("text").String(slo.text).End();
  }
  json.End().End();
  return std::move(json).Take();
}

}  // namespace chains::deploy::cli
