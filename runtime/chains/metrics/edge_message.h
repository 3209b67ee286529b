// What an edge counted, as parts of messages of proto/chains/v1/telemetry.proto.
//
//   AddCodes(measures.codes().Snapshot(), row);
//   AddPolicies(counts, row);
#pragma once

#include <cstddef>
#include <cstdint>

#include "chains/core/method_counters.h"
#include "chains/policy/edge_counters.h"
#include "chains/v1/telemetry.pb.h"

namespace chains {

// Codes that there were. `Row` has them as EdgeMeasurement does.
template <typename Row>
void AddCodes(const CodeCounters::Counts& codes, Row& row) {
  for (size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] == 0) continue;
    v1::CodeCount& count = *row.add_codes();
    count.set_code(static_cast<uint32_t>(i));
    count.set_calls(codes[i]);
  }
}

void AddPolicies(const EdgeCounts& counts, v1::EdgeMeasurement& row);

}  // namespace chains
