// Measures: what all processes of a platform measured, by deployment: sums, and curves of the last
// fifteen minutes.
//
//   Measures measures;
//   measures.Take({.deployment = "3f9a", .process = "SayHello-1"}, report.measurements(), now);
//   measures.Close(now, {{"3f9a", "hello.SayHello", 1, 2}});      // with each step of 2 s
//   v1::MeasureResponse curves = measures.Read("3f9a", 60, now);
//
// What a process did before this platform heard of it is in the sums, and in no curve.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/v1/platform.pb.h"
#include "chains/v1/telemetry.pb.h"
#include "deploy/telemetry/gained.h"
#include "deploy/telemetry/series.h"

namespace chains::deploy {

// For one thread.
class Measures {
 public:
  struct Limits {
    size_t rows = 1000;       // of a deployment, curves and sums each
    size_t all_rows = 4000;   // curves of all deployments
    size_t processes = 4096;  // that are remembered
  };
  struct Who {
    std::string deployment;  // empty: a gateway, whose rows say of which deployment they are
    std::string process;     // names it among those of its deployment
  };
  // How many replicas a chainlet has.
  struct Replicas {
    std::string deployment;
    std::string chainlet;
    int ready = 0;
    int wanted = 0;
  };

  explicit Measures(Limits limits) : limits_(limits) {}
  Measures() : Measures(Limits()) {}

  // A process said so now.
  void Take(const Who& who, const v1::Measurements& said, absl::Time now);
  // The steps that are over and told of are closed. Deployments that are in none of `replicas` are
  // forgotten, unless `keep` has them.
  void Close(absl::Time now, std::vector<Replicas> replicas, const std::set<std::string>& keep);
  // `seconds`: 1 to 900. At most 150 points a row; rows of which nothing was said in that time are
  // left out. Errors: edges and chainlets, all codes but OK; routes, statuses from 500 on.
  v1::MeasureResponse Read(const std::string& deployment, uint32_t seconds, absl::Time now) const;

  // Sums of a deployment, with what is so now (in flight, queued, limits) of the processes that
  // were heard of lately.
  v1::Measurements SumOf(const std::string& deployment, absl::Time now) const;
  // What a process of a deployment says of itself: by its name.
  std::map<std::string, v1::ProcessMeasurement> ProcessesOf(const std::string& deployment,
                                                            absl::Time now) const;
  std::vector<std::string> deployments() const;
  // Rows that were left out for want of room.
  uint64_t rows_left_out() const;

 private:
  struct Process {
    v1::Measurements last;
    absl::Time heard;
  };
  struct OfDeployment {
    explicit OfDeployment(size_t most_rows) : sums(most_rows) {}
    MeasurementSums sums;
    std::map<std::string, std::pair<v1::EdgeSeries, Series>> edges;
    std::map<std::string, std::pair<v1::ChainletSeries, Series>> chainlets;
    std::map<std::string, std::pair<v1::RouteSeries, Series>> routes;
    size_t rows() const { return edges.size() + chainlets.size() + routes.size(); }
  };
  using Key = std::pair<std::string, std::string>;  // deployment, process and when it started

  OfDeployment& Of(const std::string& deployment);
  template <typename Row>
  Series* SeriesFor(OfDeployment& of, std::map<std::string, std::pair<Row, Series>>& rows,
                    const std::string& key, const Row& names);
  void AddTo(const std::string& deployment, const v1::Measurements& gained, const SpanOfTime& when);
  void AddEdges(OfDeployment& of, const v1::Measurements& gained, const SpanOfTime& when);
  void AddChainlets(OfDeployment& of, const v1::Measurements& gained, const SpanOfTime& when);
  void AddRoutes(OfDeployment& of, const v1::Measurements& gained, const SpanOfTime& when);
  void CloseSteps(absl::Time now);
  void CloseStepsOf(const std::string& deployment, OfDeployment& of, int64_t before,
                    absl::Time now);
  void MakeRoomForProcess();

  const Limits limits_;
  std::map<std::string, OfDeployment> deployments_;
  std::map<Key, Process> processes_;
  std::vector<Replicas> replicas_;
  int64_t open_ = 0;  // the first step that is not closed
  uint64_t rows_left_out_ = 0;
};

}  // namespace chains::deploy
