#include "deploy/telemetry/measures.h"

#include <algorithm>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

// Who has not said anything for so long has nothing in flight.
constexpr absl::Duration kSilent = absl::Seconds(10);
constexpr int64_t kMostPoints = 150;
constexpr uint32_t kMostSeconds = 900;
constexpr uint32_t kFirstFault = 500;  // statuses from here on are faults of ours

Series::Calls CallsOf(const google::protobuf::RepeatedPtrField<v1::CodeCount>& codes) {
  Series::Calls calls;
  for (const v1::CodeCount& each : codes) {
    calls.calls += static_cast<double>(each.calls());
    if (each.code() != 0) calls.errors += static_cast<double>(each.calls());
  }
  return calls;
}

Series::Calls CallsOf(const google::protobuf::RepeatedPtrField<v1::HttpCount>& statuses) {
  Series::Calls calls;
  for (const v1::HttpCount& each : statuses) {
    calls.calls += static_cast<double>(each.requests());
    if (each.status() >= kFirstFault) calls.errors += static_cast<double>(each.requests());
  }
  return calls;
}

// Methods of an edge are one row.
std::string SeriesKeyOf(const v1::EdgeMeasurement& edge) {
  v1::EdgeMeasurement names = edge;
  names.clear_method();
  return KeyOf(names);
}

v1::DurationHistogram TimesOfCallersOf(const std::string& chainlet,
                                       const v1::Measurements& gained) {
  v1::DurationHistogram times;
  for (const v1::EdgeMeasurement& edge : gained.edges()) {
    if (edge.callee() == chainlet) times.MergeFrom(edge.duration());
  }
  return times;
}

// Of each deployment its own rows. Callers of a gateway's edges are outside; it says there of which
// deployment the callee is.
std::map<std::string, v1::Measurements> ByDeployment(const v1::Measurements& of_gateway) {
  std::map<std::string, v1::Measurements> by_deployment;
  for (const v1::RouteMeasurement& route : of_gateway.routes()) {
    *by_deployment[route.deployment()].add_routes() = route;
  }
  for (const v1::EdgeMeasurement& edge : of_gateway.edges()) {
    v1::EdgeMeasurement& row = *by_deployment[edge.caller()].add_edges();
    row = edge;
    row.clear_caller();
  }
  return by_deployment;
}

}  // namespace

Measures::OfDeployment& Measures::Of(const std::string& deployment) {
  return deployments_.try_emplace(deployment, limits_.rows).first->second;
}

template <typename Row>
Series* Measures::SeriesFor(OfDeployment& of, std::map<std::string, std::pair<Row, Series>>& rows,
                            const std::string& key, const Row& names) {
  const auto found = rows.find(key);
  if (found != rows.end()) return &found->second.second;
  size_t all = 0;
  for (const auto& [id, each] : deployments_) all += each.rows();
  if (of.rows() >= limits_.rows || all >= limits_.all_rows) {
    ++rows_left_out_;
    return nullptr;
  }
  return &rows.emplace(key, std::pair(names, Series(open_))).first->second.second;
}

void Measures::Take(const Who& who, const v1::Measurements& said, absl::Time now) {
  CloseSteps(now);
  const Key key(who.deployment, Text(who.process, " since ", said.started_unix_ms()));
  const auto found = processes_.find(key);
  const bool is_new = found == processes_.end();
  const absl::Time started = absl::FromUnixMillis(said.started_unix_ms());
  const absl::Time since = is_new ? started : found->second.heard;
  const v1::Measurements gained =
      is_new ? Gained(v1::Measurements(), said) : Gained(found->second.last, said);
  // A platform that starts beside what runs knows nothing of when that was done.
  const bool is_recent = !is_new || now - started < kSilent;
  const SpanOfTime when{.from = is_recent ? std::min(since, now) : absl::InfiniteFuture(),
                        .to = now};
  if (is_new) MakeRoomForProcess();
  processes_[key] = {.last = said, .heard = now};
  if (!who.deployment.empty()) {
    v1::Measurements own = gained;
    own.clear_routes();
    AddTo(who.deployment, own, when);
    return;
  }
  for (const auto& [deployment, rows] : ByDeployment(gained)) {
    // Of one that was deleted meanwhile nothing is kept.
    if (deployments_.contains(deployment)) AddTo(deployment, rows, when);
  }
}

void Measures::AddTo(const std::string& deployment, const v1::Measurements& gained,
                     const SpanOfTime& when) {
  OfDeployment& of = Of(deployment);
  of.sums.Add(gained);
  if (when.from > when.to) return;
  AddEdges(of, gained, when);
  AddChainlets(of, gained, when);
  AddRoutes(of, gained, when);
}

void Measures::AddEdges(OfDeployment& of, const v1::Measurements& gained, const SpanOfTime& when) {
  for (const v1::EdgeMeasurement& edge : gained.edges()) {
    v1::EdgeSeries names;
    names.set_caller(edge.caller());
    names.set_callee(edge.callee());
    names.set_remote(edge.remote());
    Series* const series = SeriesFor(of, of.edges, SeriesKeyOf(edge), names);
    const Series::Calls calls = CallsOf(edge.codes());
    if (series != nullptr && calls.calls > 0) series->Add(when, calls, edge.duration());
  }
}

// Calls within a process are not timed where they are served, but some are where they are made.
void Measures::AddChainlets(OfDeployment& of, const v1::Measurements& gained,
                            const SpanOfTime& when) {
  for (const v1::ChainletMeasurement& chainlet : gained.chainlets()) {
    v1::ChainletSeries names;
    names.set_chainlet(chainlet.chainlet());
    Series* const series = SeriesFor(of, of.chainlets, KeyOf(chainlet), names);
    const Series::Calls calls = CallsOf(chainlet.codes());
    if (series == nullptr || calls.calls <= 0) continue;
    const bool timed = !chainlet.duration().buckets().empty();
    series->Add(when, calls,
                timed ? chainlet.duration() : TimesOfCallersOf(chainlet.chainlet(), gained));
  }
}

void Measures::AddRoutes(OfDeployment& of, const v1::Measurements& gained, const SpanOfTime& when) {
  for (const v1::RouteMeasurement& route : gained.routes()) {
    v1::RouteSeries names;
    names.set_environment(route.environment());
    names.set_method(route.method());
    Series* const series = SeriesFor(of, of.routes, KeyOf(route), names);
    const Series::Calls calls = CallsOf(route.statuses());
    if (series != nullptr && calls.calls > 0) series->Add(when, calls, route.duration());
  }
}

// The one that was silent longest leaves. If it speaks again, what it did counts anew.
void Measures::MakeRoomForProcess() {
  if (processes_.size() < limits_.processes) return;
  const auto oldest = std::min_element(
      processes_.begin(), processes_.end(),
      [](const auto& a, const auto& b) { return a.second.heard < b.second.heard; });
  if (oldest != processes_.end()) processes_.erase(oldest);
}

void Measures::Close(absl::Time now, std::vector<Replicas> replicas,
                     const std::set<std::string>& keep) {
  CloseSteps(now);
  replicas_ = std::move(replicas);
  std::erase_if(deployments_, [&keep](const auto& each) { return !keep.contains(each.first); });
  std::erase_if(processes_, [&keep](const auto& each) {
    return !each.first.first.empty() && !keep.contains(each.first.first);
  });
  for (const std::string& each : keep) Of(each);
  for (const Replicas& each : replicas_) {
    v1::ChainletSeries names;
    names.set_chainlet(each.chainlet);
    OfDeployment& of = Of(each.deployment);
    SeriesFor(of, of.chainlets, each.chainlet, names);
  }
}

// Reports of a step's end come in the next one.
void Measures::CloseSteps(absl::Time now) {
  const int64_t before = StepAt(now) - 1;
  if (before <= open_) return;
  open_ = before;
  for (auto& [id, of] : deployments_) CloseStepsOf(id, of, before, now);
}

void Measures::CloseStepsOf(const std::string& deployment, OfDeployment& of, int64_t before,
                            absl::Time now) {
  std::map<std::string, Series::Gauges> chainlets;
  for (const Replicas& each : replicas_) {
    if (each.deployment != deployment) continue;
    chainlets[each.chainlet].ready = each.ready;
    chainlets[each.chainlet].wanted = each.wanted;
  }
  const v1::Measurements sum = SumOf(deployment, now);
  for (const v1::ChainletMeasurement& each : sum.chainlets()) {
    chainlets[KeyOf(each)].in_flight = static_cast<double>(each.in_flight());
    chainlets[KeyOf(each)].queued = static_cast<double>(each.queued());
  }
  std::map<std::string, Series::Gauges> routes;
  for (const v1::RouteMeasurement& each : sum.routes()) {
    routes[KeyOf(each)].in_flight = static_cast<double>(each.in_flight());
  }
  for (auto& [key, row] : of.edges) row.second.CloseBefore(before, {});
  for (auto& [key, row] : of.chainlets) row.second.CloseBefore(before, chainlets[key]);
  for (auto& [key, row] : of.routes) row.second.CloseBefore(before, routes[key]);
}

v1::MeasureResponse Measures::Read(const std::string& deployment, uint32_t seconds,
                                   absl::Time now) const {
  const auto step_seconds = static_cast<uint32_t>(absl::ToInt64Seconds(kStep));
  const int64_t steps = std::clamp(seconds, step_seconds, kMostSeconds) / step_seconds;
  const int64_t width = (steps + kMostPoints - 1) / kMostPoints;
  // Points stay what they are from one answer to the next.
  const int64_t end = std::min(open_, StepAt(now) - 1) / width * width;
  const int64_t first = std::max<int64_t>(0, end - steps / width * width);
  v1::MeasureResponse response;
  response.set_deployment(deployment);
  response.set_unix_ms(absl::ToUnixMillis(StartOf(end)));
  response.set_step_seconds(static_cast<double>(width) * absl::ToDoubleSeconds(kStep));
  const auto found = deployments_.find(deployment);
  if (found == deployments_.end()) return response;
  const auto read = [&](const auto& rows, auto* to) {
    for (const auto& [key, row] : rows) {
      if (!row.second.SaidSomethingIn(first)) continue;
      auto& series = *to->Add();
      series = row.first;
      row.second.Read(first, end, width, *series.mutable_points());
    }
  };
  read(found->second.edges, response.mutable_edges());
  read(found->second.chainlets, response.mutable_chainlets());
  read(found->second.routes, response.mutable_routes());
  return response;
}

v1::Measurements Measures::SumOf(const std::string& deployment, absl::Time now) const {
  const auto found = deployments_.find(deployment);
  if (found == deployments_.end()) return {};
  v1::Measurements sum = found->second.sums.total();
  std::map<std::string, v1::ChainletMeasurement*> chainlets;
  for (v1::ChainletMeasurement& each : *sum.mutable_chainlets()) chainlets[KeyOf(each)] = &each;
  std::map<std::string, v1::RouteMeasurement*> routes;
  for (v1::RouteMeasurement& each : *sum.mutable_routes()) routes[KeyOf(each)] = &each;
  for (const auto& [key, process] : processes_) {
    if (now - process.heard > kSilent) continue;
    if (!key.first.empty() && key.first != deployment) continue;
    for (const v1::ChainletMeasurement& each : process.last.chainlets()) {
      const auto to = chainlets.find(KeyOf(each));
      if (key.first.empty() || to == chainlets.end()) continue;
      to->second->set_in_flight(to->second->in_flight() + each.in_flight());
      to->second->set_queued(to->second->queued() + each.queued());
      to->second->set_limit(to->second->limit() + each.limit());
    }
    for (const v1::RouteMeasurement& each : process.last.routes()) {
      const auto to = routes.find(KeyOf(each));
      if (!key.first.empty() || to == routes.end()) continue;
      to->second->set_in_flight(to->second->in_flight() + each.in_flight());
    }
  }
  return sum;
}

std::map<std::string, v1::ProcessMeasurement> Measures::ProcessesOf(const std::string& deployment,
                                                                    absl::Time now) const {
  std::map<std::string, v1::ProcessMeasurement> processes;
  for (const auto& [key, process] : processes_) {
    if (key.first != deployment || now - process.heard > kSilent) continue;
    processes[key.second.substr(0, key.second.find(" since "))] = process.last.process();
  }
  return processes;
}

std::vector<std::string> Measures::deployments() const {
  std::vector<std::string> ids;
  for (const auto& [id, of] : deployments_) ids.push_back(id);
  return ids;
}

uint64_t Measures::rows_left_out() const {
  uint64_t left_out = rows_left_out_;
  for (const auto& [id, of] : deployments_) left_out += of.sums.rows_left_out();
  return left_out;
}

}  // namespace chains::deploy
