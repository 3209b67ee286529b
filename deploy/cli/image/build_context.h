// What an image of a chain's own is built from. Pure.
//
//   const ImagePlan plan = {.from = "chains/replica-cpu:latest", .packages = {"sox"}};
//   Dockerfile(plan);   // "FROM …\nUSER root\nRUN apt-get …"
#pragma once

#include <string>
#include <vector>

#include "chains/v1/bundle.pb.h"
#include "deploy/fleets/fleet.h"
#include "deploy/fleets/kubernetes/cluster_settings.h"

namespace chains::deploy::cli {

// Where the agent of a pod looks for files before it asks the platform. FOLDER/ab/cdef…, by the
// digest of each.
inline constexpr char kSeedFolder[] = "/opt/chains/bundles";

struct ImagePlan {
  std::vector<std::string> chainlets = {};  // that run in it
  std::string key = {};      // in the settings, images.own; empty: nothing of its own is declared
  std::string base = {};     // declared; empty: `replica`
  std::string replica = {};  // the image of this cluster's replicas that it is made of
  std::vector<std::string> packages = {};
  bool baked = false;  // the bundle's files are in it
  std::string tag = {};
};

// For each group of chainlets that declares packages or a base image, each image once; with `baked`
// for all others, too. Tags are made up: CHAIN-KEY:DIGEST.
std::vector<ImagePlan> PlanImages(const FleetDeployment& deployment,
                                  const ClusterSettings& settings, bool baked);

// Debian's packages are installed with apt-get. A base image of its own gets the agent with the
// libraries that it needs, and has to be of the same architecture, with a shell and with glibc as
// new as Debian 12's.
std::string Dockerfile(const ImagePlan& plan);

// Where a file of a baked bundle is in the build context, and below kSeedFolder.
std::string SeedPath(const v1::BundleFile& file);

}  // namespace chains::deploy::cli
