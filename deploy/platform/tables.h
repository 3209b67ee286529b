// Tables: what followers are told: a replica where the chainlets that it calls are, a gateway what
// there is to route to. Pure functions of the model.
#pragma once

#include <set>
#include <string>

#include "absl/time/time.h"
#include "chains/v1/control.pb.h"
#include "deploy/platform/model.h"

namespace chains::deploy {

// Without a version.
v1::ReplicaOrders OrdersFor(const Deployment& deployment, const Replica& replica, absl::Time now);

// Without a version. `described` holds the contracts, "DEPLOYMENT CONTRACT", whose descriptors the
// gateway has; what is added to the table is added to it.
v1::RouteTable RoutesOf(const Model& model, absl::Time now, std::set<std::string>& described);

}  // namespace chains::deploy
