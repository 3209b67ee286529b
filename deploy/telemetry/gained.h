// What a process has done since its report before, and sums of that.
//
//   v1::Measurements gained = Gained(before, now);   // figures that grow: by how much
//   MeasurementSums sums(2000);
//   sums.Add(gained);                                // sums.total() never falls
//
// Figures that do not grow (in flight, queued, limits, memory) are in neither.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "chains/v1/telemetry.pb.h"

namespace chains::deploy {

// Keys of rows, within a process or a sum.
std::string KeyOf(const v1::EdgeMeasurement& edge);
std::string KeyOf(const v1::ChainletMeasurement& chainlet);
std::string KeyOf(const v1::RouteMeasurement& route);

// `before` may be of a process that ended, or empty: what it says then counts as it is, as does a
// figure that fell. Pure.
v1::Measurements Gained(const v1::Measurements& before, const v1::Measurements& now);

// Adds up what was gained, by row. For one thread.
class MeasurementSums {
 public:
  // Further rows are left out, and counted.
  explicit MeasurementSums(size_t most_rows) : most_rows_(most_rows) {}

  void Add(const v1::Measurements& gained);
  const v1::Measurements& total() const { return total_; }
  uint64_t rows_left_out() const { return rows_left_out_; }

 private:
  template <typename Row>
  Row* RowFor(const Row& row, google::protobuf::RepeatedPtrField<Row>* rows);

  const size_t most_rows_;
  v1::Measurements total_;
  std::map<std::string, int> places_;  // of rows in total_, by kind and key
  uint64_t rows_left_out_ = 0;
};

}  // namespace chains::deploy
