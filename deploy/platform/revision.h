// Revision: one version of a chain, cut into the processes that it is made of.
//
// A published deployment has one; a development deployment gets a new one with every push. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/v1/bundle.pb.h"
#include "chains/v1/platform.pb.h"

namespace chains::deploy {

// Chainlets that share a process.
struct Unit {
  // What the process would be told and run: their code, contracts, settings and company. Two
  // revisions whose units have the same key can use the same process.
  std::string key;
  std::vector<std::string> chainlets;  // full names, in the manifest's order
  // Of one process: CPUs and memory added up; GPUs are of one type.
  v1::Resources resources;
};

struct Revision {
  uint64_t number = 0;
  std::string bundle;  // digest, in hexadecimal
  std::string program;
  v1::Manifest manifest;
  google::protobuf::FileDescriptorSet descriptors;
  std::string contract;  // a digest of these
  std::vector<Unit> units;

  // The unit that serves a chainlet; null when there is none.
  const Unit* UnitOf(std::string_view chainlet) const;
  const Unit* Find(std::string_view key) const;
  const v1::Chainlet* Chainlet(std::string_view name) const;
  // What the chainlets of a unit call outside of it, each once; services elsewhere are not.
  std::vector<std::string> DependenciesOf(const Unit& unit) const;
  // Whether requests are answered without it: on every way from the entrypoint to it there is a
  // dependency that its caller can do without. A deployment is ready without such a unit.
  bool IsDispensable(const Unit& unit) const { return dispensable.contains(unit.key); }

  std::set<std::string> dispensable = {};  // keys of units
};

struct PlacementRequest {
  v1::PlacementMode mode = v1::PLACEMENT_SEPARATE;
  std::vector<v1::PlacementGroup> groups;
};

// INVALID_ARGUMENT: they are less than nothing, or more than any machine has.
absl::Status CheckResources(const std::string& chainlet, const v1::Resources& resources);

// Of a bundle that is valid. INVALID_ARGUMENT: a chainlet's resources or scaling are out of range;
// a group names what is not there, or one chainlet twice; a chainlet is declared but not
// implemented, and somebody needs it here; chainlets of one process want GPUs of different types.
absl::StatusOr<Revision> MakeRevision(const v1::Bundle& bundle, std::string digest, uint64_t number,
                                      const PlacementRequest& placement);

// "hello.SayHello" for "SayHello", "hello.SayHello" or a display name; NOT_FOUND names what there
// is.
absl::StatusOr<std::string> ResolveChainlet(const v1::Manifest& manifest, const std::string& name);

}  // namespace chains::deploy
