// `image`: images of a chain's own, for chainlets that declare system packages or a base image, and
// baked ones, which have the bundle in them.
#pragma once

#include "deploy/cli/command.h"

namespace chains::deploy::cli {

Command MakeImage();

}  // namespace chains::deploy::cli
