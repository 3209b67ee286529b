// Families: measurements as Prometheus reads them. What gateways and platforms say besides is in
// gateway_families.h and platform_families.h; nobody else knows names of metrics.
//
//   Families all = MakeFamilies({{.chain = "hello", .deployment = "8f3a", .measurements = &m}});
//   prometheus::TextSerializer().Serialize(all.families);
//
// Names follow Prometheus' conventions (base units, `_total`); histograms have classic buckets,
// each four times the one before, from 64 µs to 67 s: a part of those that were counted, so they
// are exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "chains/metrics/family_set.h"
#include "chains/metrics/platform_families.h"
#include "chains/v1/telemetry.pb.h"

namespace chains {

// Whose measurements they are; what is empty is no label. `measurements` outlives the call.
struct Labelled {
  std::string chain = {};
  std::string deployment = {};  // its id
  std::string replica = {};
  const v1::Measurements* measurements = nullptr;
};

struct FamiliesOptions {
  // Series of a family; what comes later is added up in one whose labels are all "other".
  size_t max_series = 2000;
  uint64_t dropped_before = 0;                // what earlier calls dropped, for the counter of it
  const PlatformFigures* platform = nullptr;  // null: it is none that tells
};

struct Families {
  std::vector<prometheus::MetricFamily> families;
  uint64_t dropped = 0;  // series that went into "other"
};

// Pure. A histogram that is none is left out.
Families MakeFamilies(const std::vector<Labelled>& of, FamiliesOptions options = {});

// How many series went into "other" so far, for who makes a FamilySet himself.
void AddDropped(uint64_t dropped, FamilySet& set);

}  // namespace chains
