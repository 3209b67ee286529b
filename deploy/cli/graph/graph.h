// Drawings of a chain from its manifest: a tree for terminals, Mermaid for documents, SVG for both.
//
//   std::string svg = GraphSvg(manifest);
//
// Pure. Text comes from whoever wrote the manifest, and is escaped for where it goes.
#pragma once

#include <string>
#include <vector>

#include "chains/v1/manifest.pb.h"

namespace chains::deploy::cli {

// The entrypoint and what it depends on, indented; what was shown above is not shown again. Other
// chainlets follow. Each line ends with a line end.
std::string GraphText(const v1::Manifest& manifest);

// A flowchart.
std::string GraphMermaid(const v1::Manifest& manifest);

// A picture that stands alone: no scripts, fonts or links; light and dark as its reader has it.
std::string GraphSvg(const v1::Manifest& manifest);

// ---- What the three share.

// "1 CPU", "2 GiB", "2 × H100", "0–3 replicas", "calls x.Model at
// https://models.example": what is said of a chainlet.
std::vector<std::string> GraphFacts(const v1::Chainlet& chainlet);

// Who calls whom, by index into the manifest's chainlets: each pair once, nobody calls itself.
struct GraphEdge {
  size_t from;
  size_t to;
};
std::vector<GraphEdge> GraphEdges(const v1::Manifest& manifest);

std::string GraphName(const v1::Chainlet& chainlet);

}  // namespace chains::deploy::cli
