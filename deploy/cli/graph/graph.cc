#include "deploy/cli/graph/graph.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

// "2 GiB": sizes are round here.
std::string Memory(int64_t bytes) {
  std::string text = HumanBytes(static_cast<uint64_t>(std::max<int64_t>(bytes, 0)));
  const size_t zero = text.find(".0 ");
  if (zero != std::string::npos) text.erase(zero, 2);
  return text;
}

class Tree {
 public:
  explicit Tree(const v1::Manifest& manifest)
      : manifest_(manifest), below_(static_cast<size_t>(manifest.chainlets_size())) {
    for (const GraphEdge& edge : GraphEdges(manifest)) below_[edge.from].push_back(edge.to);
  }

  std::string Draw() {
    const auto count = static_cast<size_t>(manifest_.chainlets_size());
    for (size_t i = 0; i < count; ++i) {
      if (At(i).name() == manifest_.entrypoint()) Append(i, "", "");
    }
    for (size_t i = 0; i < count; ++i) {
      if (!shown_.contains(i)) Append(i, "", "");
    }
    return std::move(out_);
  }

 private:
  const v1::Chainlet& At(size_t i) const { return manifest_.chainlets(static_cast<int>(i)); }

  void Append(size_t i, const std::string& first, const std::string& further) {
    const v1::Chainlet& chainlet = At(i);
    const bool is_new = shown_.insert(i).second;
    out_ += Text(first, Safe(GraphName(chainlet)));
    if (!is_new) {
      out_ += below_[i].empty() ? "\n" : "  (see above)\n";
      return;
    }
    if (chainlet.name() == manifest_.entrypoint()) out_ += "  [entrypoint]";
    out_ += Text("  ", Safe(chainlet.name()), "  ", Safe(absl::StrJoin(GraphFacts(chainlet), ", ")),
                 "\n");
    for (size_t k = 0; k < below_[i].size(); ++k) {
      const bool last = k + 1 == below_[i].size();
      Append(below_[i][k], further + (last ? "└─ " : "├─ "), further + (last ? "   " : "│  "));
    }
  }

  const v1::Manifest& manifest_;
  std::vector<std::vector<size_t>> below_;
  std::set<size_t> shown_;
  std::string out_;
};

// Mermaid has entities of its own.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : Safe(text)) {
    switch (c) {
      case '"':
        escaped += "#quot;";
        break;
      case '<':
        escaped += "#lt;";
        break;
      case '>':
        escaped += "#gt;";
        break;
      case '&':
        escaped += "#amp;";
        break;
      case '#':
        escaped += "#35;";
        break;
      case '`':
        escaped += "#96;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string GraphName(const v1::Chainlet& chainlet) {
  if (!chainlet.display_name().empty()) return chainlet.display_name();
  return chainlet.name().substr(chainlet.name().rfind('.') + 1);
}

std::vector<std::string> GraphFacts(const v1::Chainlet& chainlet) {
  std::vector<std::string> facts;
  const v1::Resources& resources = chainlet.resources();
  facts.push_back(Text(HumanNumber(resources.cpus()), resources.cpus() == 1 ? " CPU" : " CPUs"));
  facts.push_back(Memory(resources.memory_bytes()));
  if (!resources.gpu().empty()) {
    facts.push_back(Text(resources.gpu_count(), " × ", resources.gpu(),
                         resources.gpu_optional() ? " or none" : ""));
  }
  const v1::Autoscaling& scaling = chainlet.autoscaling();
  facts.push_back(Text(scaling.min_replica(), "–", scaling.max_replica(),
                       scaling.max_replica() == 1 ? " replica" : " replicas"));
  for (const v1::Dependency& dependency : chainlet.dependencies()) {
    const std::string perhaps = dependency.soft() ? "perhaps " : "";
    if (!dependency.url().empty()) {
      facts.push_back(Text("calls ", perhaps, dependency.chainlet(), " at ", dependency.url()));
    } else if (dependency.soft()) {
      facts.push_back(Text("can do without ", dependency.chainlet()));
    }
  }
  return facts;
}

std::vector<GraphEdge> GraphEdges(const v1::Manifest& manifest) {
  std::map<std::string, size_t> index;
  for (const v1::Chainlet& chainlet : manifest.chainlets()) {
    index.try_emplace(chainlet.name(), index.size());
  }
  std::set<std::pair<size_t, size_t>> known;
  std::vector<GraphEdge> edges;
  for (const v1::Edge& edge : manifest.graph()) {
    const auto from = index.find(edge.from());
    const auto to = index.find(edge.to());
    if (from == index.end() || to == index.end() || from == to) continue;
    if (known.emplace(from->second, to->second).second) {
      edges.push_back({from->second, to->second});
    }
  }
  return edges;
}

std::string GraphText(const v1::Manifest& manifest) { return Tree(manifest).Draw(); }

std::string GraphMermaid(const v1::Manifest& manifest) {
  std::string out = "flowchart LR\n";
  for (int i = 0; i < manifest.chainlets_size(); ++i) {
    const v1::Chainlet& chainlet = manifest.chainlets(i);
    const bool entrypoint = chainlet.name() == manifest.entrypoint();
    out += Text("  c", i, entrypoint ? "([\"" : "[\"", "<b>", Escaped(GraphName(chainlet)),
                "</b><br/>", Escaped(chainlet.name()), "<br/>",
                Escaped(absl::StrJoin(GraphFacts(chainlet), ", ")), entrypoint ? "\"])" : "\"]",
                entrypoint ? ":::entrypoint\n" : "\n");
  }
  for (const GraphEdge& edge : GraphEdges(manifest)) {
    out += Text("  c", edge.from, " --> c", edge.to, "\n");
  }
  return out + "  classDef entrypoint stroke-width:3px\n";
}

}  // namespace chains::deploy::cli
