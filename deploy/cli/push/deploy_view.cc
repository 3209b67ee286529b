#include "deploy/cli/push/deploy_view.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

std::string NameOf(const v1::ChainletStatus& chainlet) {
  return chainlet.display_name().empty() ? chainlet.chainlet() : chainlet.display_name();
}

Style StyleOf(const std::string& state) {
  if (state == "ready") return Style::kGood;
  if (state == "crashing") return Style::kBad;
  return Style::kWarning;
}

void AppendIndented(std::string_view text, std::vector<std::string>& lines) {
  for (const std::string& line : SafeLines(text)) lines.push_back(Text("    ", line));
}

}  // namespace

std::vector<std::string> DeployView::Changes(const v1::DeployEvent& event) {
  std::vector<std::string> lines;
  size_t width = 0;
  for (const v1::ChainletStatus& each : event.deployment().chainlets()) {
    width = std::max(width, Columns(Safe(NameOf(each))));
  }
  for (const v1::ChainletStatus& each : event.deployment().chainlets()) {
    const std::string counts = Text(each.ready(), "/", each.wanted());
    const std::string now = Text(each.state(), " ", counts, " ", each.problem());
    std::string& before = shown_[each.chainlet()];
    if (now == before) continue;
    before = now;
    const std::string name = Safe(NameOf(each));
    lines.push_back(Text("  ", name, std::string(width - Columns(name), ' '), "  ",
                         StyledForErr(terminal_, StyleOf(each.state()), Safe(each.state())), " ",
                         counts));
    AppendIndented(each.problem(), lines);
    if (each.state() == "ready") AppendIndented(each.note(), lines);
  }
  if (!event.note().empty() && event.note() != note_) {
    for (const std::string& line : SafeLines(event.note())) {
      lines.push_back(Text("  ", StyledForErr(terminal_, Style::kWarning, line)));
    }
    note_ = event.note();
  }
  return lines;
}

std::string DeployView::Waiting(const v1::Deployment& deployment) {
  std::vector<std::string> names;
  for (const v1::ChainletStatus& each : deployment.chainlets()) {
    if (each.state() != "ready") names.push_back(Safe(NameOf(each)));
  }
  if (names.empty()) return "deploying";
  return Text("waiting for ", absl::StrJoin(names, ", "));
}

std::vector<std::string> ProblemsOf(const v1::Deployment& deployment) {
  std::vector<std::string> lines;
  AppendIndented(deployment.problem(), lines);
  for (const v1::ChainletStatus& each : deployment.chainlets()) {
    if (each.problem().empty()) continue;
    lines.push_back(Text("  ", Safe(NameOf(each)), ":"));
    AppendIndented(each.problem(), lines);
  }
  return lines;
}

}  // namespace chains::deploy::cli
