#include "deploy/fleets/fleet.h"

#include <google/protobuf/util/message_differencer.h>

namespace chains::deploy {

using google::protobuf::util::MessageDifferencer;

bool operator==(const FleetUnit& a, const FleetUnit& b) {
  return a.chainlets == b.chainlets && a.base_image == b.base_image &&
         a.system_packages == b.system_packages &&
         MessageDifferencer::Equals(a.resources, b.resources) &&
         MessageDifferencer::Equals(a.autoscaling, b.autoscaling);
}

bool operator==(const FleetDeployment& a, const FleetDeployment& b) {
  return a.id == b.id && a.chain == b.chain && a.development == b.development &&
         a.token == b.token && a.bundle == b.bundle && a.units == b.units &&
         MessageDifferencer::Equals(a.manifest, b.manifest);
}

}  // namespace chains::deploy
