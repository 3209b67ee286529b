// Tables: what followers are told: a replica where the chainlets that it calls are, a gateway what
// there is to route to. Pure functions of the model.
#pragma once

#include "absl/time/time.h"
#include "chains/v1/control.pb.h"
#include "deploy/platform/model.h"

namespace chains::deploy {

// Without a version.
v1::ReplicaOrders OrdersFor(const Deployment& deployment, const Replica& replica, absl::Time now);
// Who may call which chainlet, by the graphs of what is live and of what is to be; a part of orders
// where processes show who they are.
void AddCallers(const Deployment& deployment, v1::ReplicaOrders& orders);

// Without a version. `told` is the table that the gateway was told before on the same stream, or an
// empty one: of contracts that it has there, the gateway knows the descriptors, and of no others.
v1::RouteTable RoutesOf(const Model& model, absl::Time now, const v1::RouteTable& told);

}  // namespace chains::deploy
