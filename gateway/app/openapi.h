// OpenApi: what can be called, as OpenAPI 3.1, from the contracts.
#pragma once

#include <string>
#include <vector>

#include "chains/json/transcoder.h"

namespace chains::gateway {

struct DescribedRoute {
  std::string name;  // "hello/production": unique
  std::string path;  // "/chains/hello/production": methods come behind it
  const json::Transcoder* transcoder;
};

enum class NeedsKey { kYes, kNo };

// Unary methods only: what HTTP can call.
std::string OpenApi(const std::vector<DescribedRoute>& routes, NeedsKey needs_key);

}  // namespace chains::gateway
