// The manifest of a chain: what `--describe` prints and platforms read.
#pragma once

#include <string>

#include <google/protobuf/descriptor.pb.h>

#include "chains/chain/spec.h"
#include "chains/v1/manifest.pb.h"

namespace chains::internal {

// Chainlets in the order in which they were added. `chain` is valid.
v1::Manifest MakeManifest(const ChainSpec& chain);

// By field names, with defaults printed and a final newline; the same text for the same manifest.
std::string ManifestJson(const v1::Manifest& manifest);

// The files of all contracts and all that they import, each once and after what it imports; with
// comments, where the program has them, but not where in a file they stand.
google::protobuf::FileDescriptorSet Descriptors(const ChainSpec& chain);

// Maps in the order of their keys: the same bytes for the same message.
std::string SerializeInOrder(const google::protobuf::Message& message);

// What the platform shows a chainlet as: its display name, or the last part of its contract's.
std::string DisplayNameOf(const ChainletSpec& chainlet);

}  // namespace chains::internal
