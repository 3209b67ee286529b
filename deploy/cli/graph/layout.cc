#include "deploy/cli/graph/layout.h"

#include <algorithm>
#include <numeric>

namespace chains::deploy::cli {
namespace {

constexpr double kLayerGap = 90;
constexpr double kRowGap = 28;
constexpr double kPassHeight = 10;  // of an edge that passes a layer
constexpr int kSweeps = 6;
// Above, edges go straight, below boxes if it must be.
constexpr size_t kMaxPasses = 20'000;

class Layering {
 public:
  Layering(const std::vector<BoxSize>& sizes, const std::vector<GraphEdge>& edges)
      : edges_(edges), boxes_(sizes.size()), nodes_(sizes) {
    layer_of_.resize(sizes.size(), 0);
    FindLayers();
    AddPasses();
    Group();
  }

  Layout Draw() {
    for (int i = 0; i < kSweeps; ++i) Sort(i % 2 == 0 ? before_ : after_, i % 2 == 0);
    PlaceColumns();
    StackRows();
    for (int i = 0; i < kSweeps; ++i) Align(i % 2 == 0 ? before_ : after_, i % 2 == 0);
    return Result();
  }

 private:
  using Links = std::vector<std::vector<size_t>>;

  // The longest way from who is called by nobody.
  void FindLayers() {
    for (size_t round = 0; round < boxes_; ++round) {
      bool changed = false;
      for (const GraphEdge& edge : edges_) {
        const size_t wanted = layer_of_[edge.from] + 1;
        if (layer_of_[edge.to] >= wanted || wanted >= boxes_) continue;
        layer_of_[edge.to] = wanted;
        changed = true;
      }
      if (!changed) return;
    }
  }

  void AddPasses() {
    size_t passes = 0;
    for (const GraphEdge& edge : edges_) {
      std::vector<size_t> way = {edge.from};
      for (size_t layer = layer_of_[edge.from] + 1;
           layer < layer_of_[edge.to] && passes < kMaxPasses; ++layer, ++passes) {
        way.push_back(nodes_.size());
        nodes_.push_back({.width = 0, .height = kPassHeight});
        layer_of_.push_back(layer);
      }
      way.push_back(edge.to);
      ways_.push_back(std::move(way));
    }
  }

  void Group() {
    before_.resize(nodes_.size());
    after_.resize(nodes_.size());
    for (const std::vector<size_t>& way : ways_) {
      for (size_t i = 1; i < way.size(); ++i) {
        after_[way[i - 1]].push_back(way[i]);
        before_[way[i]].push_back(way[i - 1]);
      }
    }
    layers_.resize(nodes_.empty() ? 0 : *std::max_element(layer_of_.begin(), layer_of_.end()) + 1);
    for (size_t i = 0; i < nodes_.size(); ++i) layers_[layer_of_[i]].push_back(i);
    rank_.resize(nodes_.size());
    Rank();
  }

  void Rank() {
    for (const std::vector<size_t>& layer : layers_) {
      for (size_t i = 0; i < layer.size(); ++i) rank_[layer[i]] = static_cast<double>(i);
    }
  }

  template <typename Value>
  static double Mean(const std::vector<size_t>& of, const std::vector<Value>& values,
                     double otherwise) {
    if (of.empty()) return otherwise;
    double sum = 0;
    for (const size_t i : of) sum += values[i];
    return sum / static_cast<double>(of.size());
  }

  // In each layer by where neighbours of the layer beside it stand.
  void Sort(const Links& neighbours, bool forward) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      std::vector<size_t>& layer = layers_[forward ? i : layers_.size() - 1 - i];
      std::vector<double> key(nodes_.size());
      for (const size_t node : layer) key[node] = Mean(neighbours[node], rank_, rank_[node]);
      std::stable_sort(layer.begin(), layer.end(),
                       [&](size_t a, size_t b) { return key[a] < key[b]; });
      for (size_t k = 0; k < layer.size(); ++k) rank_[layer[k]] = static_cast<double>(k);
    }
  }

  void PlaceColumns() {
    double x = 0;
    for (const std::vector<size_t>& layer : layers_) {
      double width = 0;
      for (const size_t node : layer) width = std::max(width, nodes_[node].width);
      column_x_.push_back(x);
      column_width_.push_back(width);
      x += width + kLayerGap;
    }
  }

  void StackRows() {
    middle_.resize(nodes_.size());
    for (const std::vector<size_t>& layer : layers_) {
      double y = 0;
      for (const size_t node : layer) {
        middle_[node] = y + nodes_[node].height / 2;
        y += nodes_[node].height + kRowGap;
      }
      for (const size_t node : layer) middle_[node] -= y / 2;
    }
  }

  // Moves each node towards its neighbours, as far as the order of its layer lets it.
  void Align(const Links& neighbours, bool forward) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      const std::vector<size_t>& layer = layers_[forward ? i : layers_.size() - 1 - i];
      std::vector<double> wanted;
      for (const size_t node : layer) {
        wanted.push_back(Mean(neighbours[node], middle_, middle_[node]));
      }
      double shift = 0;
      double lowest = 0;
      for (size_t k = 0; k < layer.size(); ++k) {
        const double half = nodes_[layer[k]].height / 2;
        const double y = k == 0 ? wanted[k] : std::max(wanted[k], lowest + half);
        middle_[layer[k]] = y;
        lowest = y + half + kRowGap;
        shift += wanted[k] - y;
      }
      for (const size_t node : layer) middle_[node] += shift / static_cast<double>(layer.size());
    }
  }

  Layout Result() const {
    Layout layout;
    double top = 0;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      top = std::min(top, middle_[i] - nodes_[i].height / 2);
    }
    for (size_t i = 0; i < boxes_; ++i) {
      const size_t layer = layer_of_[i];
      const Layout::Box box = {.x = column_x_[layer],
                               .y = middle_[i] - nodes_[i].height / 2 - top,
                               .width = column_width_[layer],
                               .height = nodes_[i].height};
      layout.width = std::max(layout.width, box.x + box.width);
      layout.height = std::max(layout.height, box.y + box.height);
      layout.boxes.push_back(box);
    }
    for (const std::vector<size_t>& way : ways_) layout.edges.push_back(PointsOf(way, top));
    for (size_t i = boxes_; i < nodes_.size(); ++i) {
      layout.height = std::max(layout.height, middle_[i] - top + kPassHeight);
    }
    return layout;
  }

  std::vector<Layout::Point> PointsOf(const std::vector<size_t>& way, double top) const {
    std::vector<Layout::Point> points;
    for (const size_t node : way) {
      const double left = column_x_[layer_of_[node]];
      const double right = left + column_width_[layer_of_[node]];
      const double y = middle_[node] - top;
      if (node != way.front()) points.push_back({left, y});
      if (node != way.back()) points.push_back({right, y});
    }
    return points;
  }

  const std::vector<GraphEdge>& edges_;
  const size_t boxes_;
  std::vector<BoxSize> nodes_;  // boxes, then passes
  std::vector<size_t> layer_of_;
  std::vector<std::vector<size_t>> ways_;  // of edges, through nodes
  Links before_;
  Links after_;
  std::vector<std::vector<size_t>> layers_;
  std::vector<double> rank_;
  std::vector<double> column_x_;
  std::vector<double> column_width_;
  std::vector<double> middle_;
};

}  // namespace

Layout LayOut(const std::vector<BoxSize>& sizes, const std::vector<GraphEdge>& edges) {
  return Layering(sizes, edges).Draw();
}

}  // namespace chains::deploy::cli
