#include "deploy/cli/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/cli/graph/layout.h"

namespace chains::deploy::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

void Add(v1::Manifest& manifest, const std::string& name, std::vector<std::string> needs) {
  v1::Chainlet& chainlet = *manifest.add_chainlets();
  chainlet.set_name("shop." + name);
  chainlet.set_display_name(name);
  chainlet.mutable_resources()->set_cpus(1);
  chainlet.mutable_resources()->set_memory_bytes(int64_t{2} << 30);
  chainlet.mutable_autoscaling()->set_max_replica(1);
  for (const std::string& need : needs) {
    v1::Edge& edge = *manifest.add_graph();
    edge.set_from("shop." + name);
    edge.set_to("shop." + need);
  }
}

v1::Manifest Shop() {
  v1::Manifest manifest;
  manifest.set_chain("shop");
  manifest.set_entrypoint("shop.Total");
  Add(manifest, "Price", {"Log"});
  Add(manifest, "Total", {"Price", "Log"});
  Add(manifest, "Log", {});
  Add(manifest, "Model", {});
  v1::Resources& model = *manifest.mutable_chainlets(3)->mutable_resources();
  model.set_gpu("H100");
  model.set_gpu_count(2);
  manifest.mutable_chainlets(3)->mutable_autoscaling()->set_max_replica(3);
  return manifest;
}

TEST(Graph, AsTextIsATreeFromTheEntrypoint) {
  EXPECT_EQ(GraphText(Shop()),
            "Total  [entrypoint]  shop.Total  1 CPU, 2 GiB, 0–1 replica\n"
            "├─ Price  shop.Price  1 CPU, 2 GiB, 0–1 replica\n"
            "│  └─ Log  shop.Log  1 CPU, 2 GiB, 0–1 replica\n"
            "└─ Log\n"
            "Model  shop.Model  1 CPU, 2 GiB, 2 × H100, 0–3 replicas\n");
}
TEST(Graph, AsTextShowsWhatIsSharedOnce) {
  v1::Manifest manifest;
  manifest.set_entrypoint("shop.A");
  Add(manifest, "A", {"B", "C"});
  Add(manifest, "B", {"C"});
  Add(manifest, "C", {"D"});
  Add(manifest, "D", {});
  EXPECT_THAT(GraphText(manifest), HasSubstr("└─ C  (see above)\n"));
}
TEST(Graph, AsMermaidIsAFlowchart) {
  EXPECT_EQ(GraphMermaid(Shop()),
            "flowchart LR\n"
            "  c0[\"<b>Price</b><br/>shop.Price<br/>1 CPU, 2 GiB, 0–1 replica\"]\n"
            "  c1([\"<b>Total</b><br/>shop.Total<br/>1 CPU, 2 GiB, 0–1 replica\"]):::entrypoint\n"
            "  c2[\"<b>Log</b><br/>shop.Log<br/>1 CPU, 2 GiB, 0–1 replica\"]\n"
            "  c3[\"<b>Model</b><br/>shop.Model<br/>1 CPU, 2 GiB, 2 × H100, 0–3 replicas\"]\n"
            "  c0 --> c2\n"
            "  c1 --> c0\n"
            "  c1 --> c2\n"
            "  classDef entrypoint stroke-width:3px\n");
}
TEST(Graph, EscapesNamesForWhereTheyGo) {
  v1::Manifest manifest;
  Add(manifest, "a\"<script>&#\x1b", {});
  EXPECT_THAT(GraphSvg(manifest), HasSubstr("a&quot;&lt;script&gt;&amp;#\\x1b"));
  EXPECT_THAT(GraphSvg(manifest), Not(HasSubstr("<script>")));
  EXPECT_THAT(GraphMermaid(manifest), HasSubstr("a#quot;#lt;script#gt;#amp;#35;\\x1b"));
  EXPECT_THAT(GraphText(manifest), Not(HasSubstr("\x1b")));
}
TEST(Graph, AsSvgStandsAloneAndKnowsLightAndDark) {
  const std::string svg = GraphSvg(Shop());
  EXPECT_THAT(svg, ::testing::StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(svg, Not(HasSubstr("href")));
  EXPECT_THAT(svg, HasSubstr("class=\"mark\""));
  EXPECT_THAT(svg, HasSubstr("2 × H100"));
}
TEST(Graph, OfNothingIsStillADrawing) {
  const v1::Manifest empty;
  EXPECT_EQ(GraphText(empty), "");
  EXPECT_THAT(GraphSvg(empty), ::testing::EndsWith("</svg>\n"));
}
TEST(Graph, LeavesOutEdgesToNobodyAndTwice) {
  v1::Manifest manifest;
  Add(manifest, "A", {"A", "Nobody", "B", "B"});
  Add(manifest, "B", {});
  EXPECT_EQ(GraphEdges(manifest).size(), 1u);
}

bool Overlap(const Layout::Box& a, const Layout::Box& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

TEST(Layout, PutsWhoIsCalledRightOfWhoCallsAndNobodyOverAnother) {
  const std::vector<BoxSize> sizes(7, {.width = 100, .height = 50});
  const std::vector<GraphEdge> edges = {{0, 1}, {0, 2}, {0, 3}, {1, 4}, {3, 4}, {0, 4}, {2, 5}};
  const Layout layout = LayOut(sizes, edges);
  for (const GraphEdge& edge : edges) {
    EXPECT_LT(layout.boxes[edge.from].x + 100, layout.boxes[edge.to].x);
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_GE(layout.boxes[i].y, 0);
    EXPECT_LE(layout.boxes[i].y + 50, layout.height);
    for (size_t k = 0; k < i; ++k) {
      EXPECT_FALSE(Overlap(layout.boxes[i], layout.boxes[k])) << i << " and " << k;
    }
  }
}
TEST(Layout, LeadsALongEdgeBetweenTheBoxesThatItPasses) {
  const std::vector<BoxSize> sizes(3, {.width = 100, .height = 50});
  const Layout layout = LayOut(sizes, {{0, 1}, {1, 2}, {0, 2}});
  ASSERT_EQ(layout.edges[2].size(), 4u);
  const double y = layout.edges[2][1].y;
  EXPECT_TRUE(y < layout.boxes[1].y || y > layout.boxes[1].y + 50);
}
TEST(Layout, OfACycleEnds) {
  const Layout layout =
      LayOut(std::vector<BoxSize>(3, {.width = 10, .height = 10}), {{0, 1}, {1, 2}, {2, 0}});
  EXPECT_EQ(layout.boxes.size(), 3u);
}

}  // namespace
}  // namespace chains::deploy::cli
