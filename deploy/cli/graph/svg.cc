// The picture of graph.h.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/cli/graph/graph.h"
#include "deploy/cli/graph/layout.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

constexpr double kMargin = 24;
constexpr double kPadding = 16;
constexpr double kBoxHeight = 84;
constexpr double kTitleColumn = 9.4;  // of a character, about: fonts differ
constexpr double kSmallColumn = 7.4;
constexpr size_t kMaxColumns = 48;

constexpr const char* kStyle = R"(<style>
  svg { --paper: #ffffff; --box: #f6f7f9; --line: #9aa3af; --ink: #16202c; --soft: #566170; --mark: #0b66c3; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14181d; --box: #1f262e; --line: #5d6875; --ink: #eef2f6; --soft: #a3afbd; --mark: #6bb2ff; }
  }
  .paper { fill: #ffffff; fill: var(--paper); }
  .box { fill: #f6f7f9; fill: var(--box); stroke: #9aa3af; stroke: var(--line); }
  .entrypoint { stroke: #0b66c3; stroke: var(--mark); stroke-width: 2.5; }
  .edge { fill: none; stroke: #9aa3af; stroke: var(--line); stroke-width: 1.5; }
  .head { fill: #9aa3af; fill: var(--line); }
  text { font-family: system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; font-size: 12px; fill: #566170; fill: var(--soft); }
  .title { font-size: 15px; font-weight: 600; fill: #16202c; fill: var(--ink); }
  .mark { font-size: 11px; fill: #0b66c3; fill: var(--mark); }
</style>
)";

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : Safe(text)) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

struct Words {
  std::string title;
  std::string contract;
  std::string facts;
};

Words WordsOf(const v1::Chainlet& chainlet) {
  return {.title = Shortened(Safe(GraphName(chainlet)), kMaxColumns),
          .contract = Shortened(Safe(chainlet.name()), kMaxColumns),
          .facts = Shortened(Safe(absl::StrJoin(GraphFacts(chainlet), " · ")), kMaxColumns)};
}

BoxSize SizeOf(const Words& words) {
  const double title = static_cast<double>(Columns(words.title)) * kTitleColumn;
  const double small =
      static_cast<double>(std::max(Columns(words.contract), Columns(words.facts))) * kSmallColumn;
  return {.width = std::max({title, small, 120.0}) + 2 * kPadding, .height = kBoxHeight};
}

std::string Place(double x, double y) { return absl::StrFormat("%.1f %.1f", x, y); }

// Straight across layers, a curve between them.
std::string PathOf(const std::vector<Layout::Point>& points) {
  std::string path = Text("M", Place(points[0].x, points[0].y));
  for (size_t i = 1; i < points.size(); ++i) {
    const Layout::Point& a = points[i - 1];
    const Layout::Point& b = points[i];
    const double middle = (a.x + b.x) / 2;
    path += Text(" C", Place(middle, a.y), " ", Place(middle, b.y), " ", Place(b.x, b.y));
  }
  return path;
}

std::string Label(std::string_view classes, double x, double y, std::string_view text) {
  return absl::StrFormat("  <text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", ToAbsl(classes),
                         x, y, Escaped(text));
}

std::string BoxOf(const Words& words, const Layout::Box& box, bool entrypoint) {
  std::string out = absl::StrFormat(
      "  <rect class=\"box%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"8\"/>\n",
      entrypoint ? " entrypoint" : "", box.x, box.y, box.width, box.height);
  const double x = box.x + kPadding;
  out += Label("title", x, box.y + 28, words.title);
  out += Label("contract", x, box.y + 49, words.contract);
  out += Label("facts", x, box.y + 69, words.facts);
  if (entrypoint) out += Label("mark", box.x + 2, box.y - 7, "entrypoint");
  return out;
}

}  // namespace

std::string GraphSvg(const v1::Manifest& manifest) {
  std::vector<Words> words;
  std::vector<BoxSize> sizes;
  for (const v1::Chainlet& chainlet : manifest.chainlets()) {
    words.push_back(WordsOf(chainlet));
    sizes.push_back(SizeOf(words.back()));
  }
  const Layout layout = LayOut(sizes, GraphEdges(manifest));
  const double width = layout.width + 2 * kMargin;
  const double height = layout.height + 2 * kMargin;
  std::string out = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"%.1f %.1f %.1f %.1f\" width=\"%.0f\" "
      "height=\"%.0f\" role=\"img\">\n<title>%s</title>\n",
      -kMargin, -kMargin, width, height, width, height,
      Escaped(Text("The chain ", manifest.chain())));
  out += kStyle;
  out +=
      "<defs><marker id=\"arrow\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" "
      "markerHeight=\"8\" orient=\"auto\"><path class=\"head\" d=\"M0 0 L10 5 L0 10 z\"/>"
      "</marker></defs>\n";
  out += absl::StrFormat(
      "<rect class=\"paper\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
      "height=\"%.1f\"/>\n",
      -kMargin, -kMargin, width, height);
  for (const std::vector<Layout::Point>& points : layout.edges) {
    out += Text("  <path class=\"edge\" marker-end=\"url(#arrow)\" d=\"", PathOf(points), "\"/>\n");
  }
  for (size_t i = 0; i < words.size(); ++i) {
    const bool entrypoint = manifest.chainlets(static_cast<int>(i)).name() == manifest.entrypoint();
    out += BoxOf(words[i], layout.boxes[i], entrypoint);
  }
  return out + "</svg>\n";
}

}  // namespace chains::deploy::cli
