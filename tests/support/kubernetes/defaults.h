// SetDefaults: what a Kubernetes API server puts into objects where they do not say: the strategy
// of a Deployment, the policy of a container's image, the type of a Secret …, as far as anybody who
// compares what he wrote with what he got back stumbles over it.
#pragma once

#include "deploy/apiserver/object.h"

namespace chains::deploy::fake {

void SetDefaults(Json& object);

}  // namespace chains::deploy::fake
