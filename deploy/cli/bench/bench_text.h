// What a load test found, for people and as JSON. Pure but for `terminal`.
#pragma once

#include <string>
#include <vector>

#include "deploy/cli/bench/slo.h"
#include "deploy/cli/receipt_tree.h"
#include "deploy/cli/terminal/terminal.h"
#include "deploy/load/report.h"

namespace chains::deploy::cli {

void PrintBench(const Terminal& terminal, const load::Report& report, const ReceiptSums& hops,
                const std::vector<SloOutcome>& slos);

// {"report": …, "slos": [{"kept": true, "text": "…"}]}
std::string BenchJson(const load::Report& report, const std::vector<SloOutcome>& slos);

}  // namespace chains::deploy::cli
