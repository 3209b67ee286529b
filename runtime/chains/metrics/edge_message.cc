#include "chains/metrics/edge_message.h"

namespace chains {

void AddPolicies(const EdgeCounts& counts, v1::EdgeMeasurement& row) {
  row.set_hedges(counts.hedges);
  row.set_hedges_won(counts.hedges_won);
  row.set_hedges_refused(counts.hedges_refused);
  row.set_circuit_opened(counts.circuit_opened);
  row.set_circuit_refused(counts.circuit_refused);
  row.set_ways_left_out(counts.ways_left_out);
  row.set_ways_back(counts.ways_back);
  row.set_panics(counts.panics);
  row.set_spilled(counts.spilled);
}

}  // namespace chains
