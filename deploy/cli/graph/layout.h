// A layered layout of a graph: who is called stands right of who calls. Pure.
//
//   Layout layout = LayOut({{.width = 120, .height = 60}, …}, {{0, 1}});
//   layout.boxes[1].x;
#pragma once

#include <cstddef>
#include <vector>

#include "deploy/cli/graph/graph.h"

namespace chains::deploy::cli {

struct BoxSize {
  double width = 0;
  double height = 0;
};

struct Layout {
  struct Point {
    double x = 0;
    double y = 0;
  };
  struct Box {
    double x = 0;  // left
    double y = 0;  // top
    double width = 0;
    double height = 0;
  };
  std::vector<Box> boxes;  // as given
  // By edge, as given: from the right side of a box by way of free places to the left side of the
  // other; two points at least.
  std::vector<std::vector<Point>> edges;
  double width = 0;
  double height = 0;
};

// Boxes do not overlap, and edges that pass a layer have a place of their own there. `edges` has no
// cycle that matters: of one, some edge points back.
Layout LayOut(const std::vector<BoxSize>& sizes, const std::vector<GraphEdge>& edges);

}  // namespace chains::deploy::cli
