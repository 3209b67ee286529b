// Quantities of Kubernetes: "500m" processors, "8Gi" of memory, 1 GPU.
//
//   double bytes = *ParseQuantity("1.5Gi");
#pragma once

#include <optional>

#include "deploy/apiserver/object.h"

namespace chains::deploy::fake {

// In units (processors, bytes, pieces). A number is one, too. nullopt: it is none. As
// k8s.io/apimachinery's resource.ParseQuantity: sign, digits, a suffix of SI (m to E), of powers of
// two (Ki to Ei), or an exponent.
std::optional<double> ParseQuantity(const Json& value);

}  // namespace chains::deploy::fake
