#include "deploy/cli/commands/observe.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/terminal/charset.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/terminal/table.h"
#include "deploy/cli/waterfall.h"

namespace chains::deploy::cli {
namespace {

struct TracesFlags {
  TargetFlags target = {};
  absl::Duration slower = absl::ZeroDuration();
  bool failed = false;
  bool recorded = false;
  std::string text = {};
  int last = 20;
};
struct TraceFlags {
  std::string id = {};
};
struct TopFlags {
  TargetFlags target = {};
  int seconds = 10;
  bool once = false;
};

std::string CodeText(uint32_t code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

int ListTraces(Session& session, const TracesFlags& flags) {
  if (flags.last < 1 || flags.last > 1000) return session.Usage("--last: 1 to 1000");
  v1::ListTracesRequest request;
  if (!flags.target.chain.empty() || !flags.target.deployment.empty()) {
    absl::StatusOr<v1::DeploymentRequest> of = ToRequest(flags.target);
    if (!of.ok()) return session.Usage(MessageOf(of.status()));
    *request.mutable_of() = *std::move(of);
  }
  request.set_min_ms(absl::ToDoubleMilliseconds(flags.slower));
  request.set_failed(flags.failed);
  request.set_recorded(flags.recorded);
  request.set_text(flags.text);
  request.set_limit(static_cast<uint32_t>(flags.last));
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  const absl::StatusOr<v1::ListTracesResponse> response =
      (*platform)->Call(&v1::Platform::ListTraces, std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
    return kDone;
  }
  Table table({"TRACE", "AGE", "TIME", "CODE", "KEPT", "SPANS", "METHOD"});
  for (const v1::TraceSummary& each : response->traces()) {
    const absl::Time start = absl::FromUnixMicros(each.start_unix_us());
    table.Add({{each.trace_id()},
               {HumanAge(session.world().now() - start)},
               {HumanTime(absl::Microseconds(static_cast<int64_t>(each.duration_us())))},
               {CodeText(each.code()), each.code() == 0 ? Style::kGood : Style::kBad},
               {each.kept()},
               {Text(each.spans())},
               {each.method()}});
  }
  table.Print(session.terminal());
  if (response->traces().empty()) session.Note("no traces are kept that are such");
  if (response->dropped() > 0) {
    session.Note(Text(response->dropped(), " spans were lost on their way"));
  }
  if (response->not_exported() > 0) {
    session.Note(Text(response->not_exported(), " spans did not get to the collector"));
  }
  if (!response->export_problem().empty()) {
    session.Note(Text("the collector of traces: ", Safe(response->export_problem())));
  }
  return kDone;
}

int ShowTrace(Session& session, const TraceFlags& flags) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::GetTraceRequest request;
  const bool is_trace_id =
      flags.id.size() == 32 &&
      flags.id.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  (is_trace_id ? request.mutable_trace_id() : request.mutable_request_id())->assign(flags.id);
  const absl::StatusOr<v1::Trace> trace =
      (*platform)->Call(&v1::Platform::GetTrace, std::move(request));
  if (!trace.ok()) return session.Fail(trace.status());
  if (session.json()) {
    session.PrintJson(*trace);
    return kDone;
  }
  session.out() << Waterfall(SpansOfTrace(*trace), session.terminal().columns,
                             ShowsUnicode(session.world().getenv));
  for (const v1::Span& span : trace->spans()) {
    if (span.message().empty()) continue;
    session.out() << Safe(CodeText(span.code())) << ": " << Safe(span.message()) << "\n";
  }
  if (trace->incomplete()) session.Note("spans of it are missing");
  return kDone;
}

// What the newest few points say together.
struct Now {
  double rate = 0, errors = 0, p50 = -1, p99 = -1, in_flight = 0, queued = 0;
  double ready = 0, wanted = 0;
};

Now NowOf(const google::protobuf::RepeatedPtrField<v1::Point>& points) {
  Now now;
  for (const v1::Point& point : points) {
    now.rate += point.rate() / points.size();
    now.errors += point.errors() / points.size();
    now.p50 = point.p50_ms() >= 0 ? point.p50_ms() : now.p50;
    now.p99 = std::max(now.p99, point.p99_ms());
    now.in_flight = point.in_flight();
    now.queued = point.queued();
    now.ready = point.ready();
    now.wanted = point.wanted();
  }
  return now;
}

std::string Millis(double ms) { return ms < 0 ? "-" : HumanTime(absl::Milliseconds(ms)); }

void AddRow(Table& table, const std::string& what, const Now& now, const std::string& replicas) {
  table.Add({{what},
             {HumanNumber(now.rate)},
             {HumanNumber(now.errors), now.errors > 0 ? Style::kBad : Style::kGood},
             {Millis(now.p50)},
             {Millis(now.p99)},
             {HumanNumber(now.in_flight)},
             {HumanNumber(now.queued)},
             {replicas}});
}

void PrintTop(const Terminal& terminal, const v1::MeasureResponse& measured) {
  Table table({"WHAT", "CALLS/S", "ERRORS/S", "P50", "P99", "IN FLIGHT", "QUEUED", "READY"});
  for (const v1::RouteSeries& each : measured.routes()) {
    AddRow(table,
           Text(each.environment().empty() ? "by its id" : each.environment(), " ", each.method()),
           NowOf(each.points()), "");
  }
  for (const v1::ChainletSeries& each : measured.chainlets()) {
    const Now now = NowOf(each.points());
    AddRow(table, each.chainlet(), now, Text(HumanNumber(now.ready), "/", HumanNumber(now.wanted)));
  }
  for (const v1::EdgeSeries& each : measured.edges()) {
    AddRow(table,
           Text(each.caller().empty() ? "outside" : each.caller(), " → ", each.callee(),
                each.remote() ? "" : " (same process)"),
           NowOf(each.points()), "");
  }
  table.Print(terminal);
}

// Redrawn on a terminal; else once.
int Top(Session& session, const TopFlags& flags) {
  if (flags.seconds < 2 || flags.seconds > 300) return session.Usage("--over: 2 to 300");
  absl::StatusOr<v1::DeploymentRequest> of = ToRequest(flags.target);
  if (!of.ok()) return session.Usage(MessageOf(of.status()));
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  const bool live = session.terminal().redraws && !flags.once && !session.json();
  do {
    v1::MeasureRequest request;
    *request.mutable_of() = *of;
    request.set_seconds(static_cast<uint32_t>(flags.seconds));
    const absl::StatusOr<v1::MeasureResponse> measured =
        (*platform)->Call(&v1::Platform::Measure, std::move(request));
    if (!measured.ok()) return session.Fail(measured.status());
    if (session.json()) {
      session.PrintJson(*measured);
      return kDone;
    }
    if (live) session.out() << "\x1b[H\x1b[2J";
    PrintTop(session.terminal(), *measured);
    session.out() << std::flush;
    for (int i = 0; live && i < 20 && !session.world().interrupted(); ++i) {
      absl::SleepFor(absl::Milliseconds(100));
    }
  } while (live && session.out().good() && !session.world().interrupted());
  return kDone;
}

void Append(std::vector<Option> more, std::vector<Option>& options) {
  for (Option& each : more) options.push_back(std::move(each));
}

}  // namespace

Command MakeTraces() {
  auto flags = std::make_shared<TracesFlags>();
  Command command = {.name = "traces",
                     .summary = "requests that were traced",
                     .group = "Deployments",
                     .examples = {"chains traces hello --slower 100ms", "chains traces --failed"},
                     .options = TargetOptions(flags->target, ChainIs::kOptional),
                     .run = [flags](Session& session) { return ListTraces(session, *flags); }};
  Append({{"--slower", "that took at least so long", &flags->slower},
          {"--failed", "that failed", &flags->failed},
          {"--recorded", "of which the messages are kept", &flags->recorded},
          {"--text", "whose ids or method have it", &flags->text},
          {"--last", "how many at most (default: 20)", &flags->last}},
         command.options);
  return command;
}

Command MakeTrace() {
  auto flags = std::make_shared<TraceFlags>();
  return {.name = "trace",
          .summary = "where the time of a request went",
          .group = "Deployments",
          .examples = {"chains trace 4bf92f3577b34da6a3ce929d0e0e4736"},
          .options = {{"ID", "of the trace, or of the request", &flags->id, {.required = true}}},
          .run = [flags](Session& session) { return ShowTrace(session, *flags); }};
}

Command MakeTop() {
  auto flags = std::make_shared<TopFlags>();
  Command command = {.name = "top",
                     .summary = "rates, errors and times of a deployment, live on a terminal",
                     .group = "Deployments",
                     .examples = {"chains top hello", "chains top hello --over 60 --once"},
                     .options = TargetOptions(flags->target, ChainIs::kRequired),
                     .run = [flags](Session& session) { return Top(session, *flags); }};
  Append({{"--over", "the last so many seconds (default: 10)", &flags->seconds},
          {"--once", "print it once", &flags->once}},
         command.options);
  return command;
}

}  // namespace chains::deploy::cli
