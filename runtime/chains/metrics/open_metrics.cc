#include "chains/metrics/open_metrics.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace chains {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kTotal = "_total";

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

// Bounds are texts that are compared: the standard wants them as numbers with a point.
std::string Bound(double value) {
  std::string text = Number(value);
  if (text.find_first_of(".eIN") == text.npos) text += ".0";
  return text;
}

std::string Escaped(std::string_view text) {
  return absl::StrReplaceAll(absl::string_view(text.data(), text.size()),
                             {{"\\", "\\\\"}, {"\n", "\\n"}, {"\"", "\\\""}});
}

std::string LabelsText(const std::vector<ClientMetric::Label>& labels,
                       const std::string& bound = "") {
  std::string text;
  for (const ClientMetric::Label& label : labels) {
    absl::StrAppend(&text, text.empty() ? "" : ",", label.name, "=\"", Escaped(label.value), "\"");
  }
  if (!bound.empty()) absl::StrAppend(&text, text.empty() ? "" : ",", "le=\"", bound, "\"");
  return text.empty() ? text : absl::StrCat("{", text, "}");
}

void AppendExemplar(const Exemplar& exemplar, std::string& text) {
  absl::StrAppend(&text, " # {trace_id=\"", Escaped(exemplar.trace_id), "\"} ",
                  Number(absl::ToDoubleSeconds(exemplar.took)), " ",
                  Number(static_cast<double>(absl::ToUnixMillis(exemplar.at)) / 1000));
}

void AppendHistogram(const MetricFamily& family, const ClientMetric& metric,
                     const Exemplars& exemplars, std::string& text) {
  for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
    absl::StrAppend(&text, family.name, "_bucket",
                    LabelsText(metric.label, Bound(bucket.upper_bound)), " ",
                    bucket.cumulative_count);
    const Exemplar* const exemplar = exemplars.Find(family.name, metric.label, bucket.upper_bound);
    if (exemplar != nullptr) AppendExemplar(*exemplar, text);
    text += '\n';
  }
  const std::string labels = LabelsText(metric.label);
  absl::StrAppend(&text, family.name, "_count", labels, " ", metric.histogram.sample_count, "\n");
  absl::StrAppend(&text, family.name, "_sum", labels, " ", Number(metric.histogram.sample_sum),
                  "\n");
}

bool IsCounter(const MetricFamily& family) {
  return family.type == MetricType::Counter && family.name.ends_with(kTotal);
}

const char* TypeOf(const MetricFamily& family) {
  if (IsCounter(family)) return "counter";
  if (family.type == MetricType::Gauge) return "gauge";
  return family.type == MetricType::Histogram ? "histogram" : "unknown";
}

double ValueOf(const MetricFamily& family, const ClientMetric& metric) {
  switch (family.type) {
    case MetricType::Counter:
      return metric.counter.value;
    case MetricType::Gauge:
      return metric.gauge.value;
    default:
      return metric.untyped.value;
  }
}

}  // namespace

std::string OpenMetricsText(const std::vector<MetricFamily>& families, const Exemplars& exemplars) {
  std::string text;
  for (const MetricFamily& family : families) {
    // A counter is called as its series are, without what they end in.
    std::string name = family.name;
    if (IsCounter(family)) name.resize(name.size() - kTotal.size());
    absl::StrAppend(&text, "# TYPE ", name, " ", TypeOf(family), "\n");
    if (!family.help.empty()) {
      absl::StrAppend(&text, "# HELP ", name, " ", Escaped(family.help), "\n");
    }
    for (const ClientMetric& metric : family.metric) {
      if (family.type == MetricType::Histogram) {
        AppendHistogram(family, metric, exemplars, text);
      } else {
        absl::StrAppend(&text, family.name, LabelsText(metric.label), " ",
                        Number(ValueOf(family, metric)), "\n");
      }
    }
  }
  text += "# EOF\n";
  return text;
}

}  // namespace chains
