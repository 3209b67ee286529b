// A deployment as people and the command line see it.
#pragma once

#include "chains/v1/platform.pb.h"
#include "deploy/platform/model.h"

namespace chains::deploy {

v1::Deployment Describe(const Model& model, const Deployment& deployment);
v1::Environment Describe(const state::EnvironmentRecord& record);

}  // namespace chains::deploy
