#include "deploy/cli/push/watch_view.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"
#include "deploy/cli/commands/logs.h"
#include "deploy/cli/diff.h"
#include "deploy/cli/json_text.h"
#include "deploy/cli/push/deploy_view.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

constexpr size_t kShownNames = 5;

std::string Quoted(std::string_view text) {
  return std::move(json::JsonWriter().String(text)).Take();
}

std::string Seconds(absl::Duration time) {
  return absl::StrFormat("%.3f", absl::ToDoubleSeconds(time));
}

std::string Error(const absl::Status& status) {
  const std::string line = JsonLine(status);
  return line.substr(1, line.size() - 2);  // its one member
}

std::string_view Serving(bool serves) {
  return serves ? "; what was live before keeps serving" : "";
}

std::string NameIn(const v1::Deployment& deployment, const std::string& chainlet) {
  for (const v1::ChainletStatus& each : deployment.chainlets()) {
    if (each.chainlet() == chainlet && !each.display_name().empty()) return each.display_name();
  }
  return chainlet;
}

absl::Duration SumOf(const WatchStages& stages) {
  return stages.noticed + stages.built + stages.collected + stages.uploaded + stages.started;
}

std::string StagesText(const WatchStages& stages) {
  return Text("noticed after ", HumanTime(stages.noticed), ", built in ", HumanTime(stages.built),
              ", collected in ", HumanTime(stages.collected), ", uploaded in ",
              HumanTime(stages.uploaded), ", live in ", HumanTime(stages.started));
}

std::string StagesJson(const WatchStages& stages) {
  return Text("{\"noticed\":", Seconds(stages.noticed), ",\"built\":", Seconds(stages.built),
              ",\"collected\":", Seconds(stages.collected),
              ",\"uploaded\":", Seconds(stages.uploaded), ",\"started\":", Seconds(stages.started),
              "}");
}

std::string ListJson(const std::vector<std::string>& texts) {
  json::JsonWriter writer;
  writer.BeginArray();
  for (const std::string& text : texts) writer.String(text);
  return std::move(writer.End()).Take();
}

std::string ChangesJson(const std::map<std::string, std::vector<std::string>>& changes) {
  json::JsonWriter writer;
  writer.BeginObject();
  for (const auto& [what, names] : changes) writer.Key(what).Raw(ListJson(names));
  return std::move(writer.End()).Take();
}

}  // namespace

void WatchView::Json(std::string_view event, const std::string& fields) {
  session_.out() << Text("{\"event\":", Quoted(event), fields.empty() ? "" : ",", fields, "}\n")
                 << std::flush;
}

void WatchView::Line(std::string_view text) { session_.out() << text << "\n" << std::flush; }

void WatchView::LinesOf(std::string_view text, Style style) {
  for (const std::string& line : SafeLines(text)) {
    Line(Text("  ", Styled(session_.terminal(), style, line)));
  }
}

void WatchView::Watching(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (session_.json()) return Json("watching", Text("\"path\":", Quoted(path)));
  Line(Text("watching ", Safe(path), ", until Ctrl-C"));
}

void WatchView::Changed(const std::vector<std::string>& paths) {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const std::string& path : paths) names.push_back(Safe(path.substr(path.rfind('/') + 1)));
  if (names.size() > kShownNames) {
    names.resize(kShownNames);
    names.push_back("…");
  }
  const std::string all = absl::StrJoin(names, ", ");
  if (session_.json()) return Json("changed", Text("\"files\":", Quoted(all)));
  Line(Styled(session_.terminal(), Style::kStrong,
              Text("changed: ", all.empty() ? "many files" : all)));
}

void WatchView::BuildLine(std::string_view line) {
  std::lock_guard lock(mutex_);
  if (session_.json()) return;
  LinesOf(line, Style::kFaint);
}

void WatchView::Built(absl::Duration took) {
  std::lock_guard lock(mutex_);
  if (session_.json()) return Json("built", Text("\"seconds\":", Seconds(took)));
  Line(Text("built in ", HumanTime(took)));
}

void WatchView::BuildFailed(const absl::Status& status, absl::Duration took, bool serves) {
  std::lock_guard lock(mutex_);
  if (session_.json()) {
    return Json("build_failed", Text("\"seconds\":", Seconds(took), ",", Error(status)));
  }
  Line(Text(Styled(session_.terminal(), Style::kBad, "the build failed"), " after ",
            HumanTime(took), Serving(serves), ":"));
  LinesOf(MessageOf(status), Style::kBad);
}

void WatchView::Note(std::string_view note) {
  std::lock_guard lock(mutex_);
  if (session_.json()) return Json("note", Text("\"note\":", Quoted(note)));
  LinesOf(note, Style::kWarning);
}

// What a platform calls exchanged may have been added: that is seen from what was live before.
WatchView::Changes WatchView::ChangesOf(const v1::DeployEvent& event) {
  std::map<std::string, std::string> now;
  for (const v1::ChainletStatus& each : event.deployment().chainlets()) {
    now[each.chainlet()] = NameIn(event.deployment(), each.chainlet());
  }
  Changes changes;
  for (const std::string& name : event.exchanged()) {
    const bool is_new = !known_.empty() && !known_.contains(name);
    changes[is_new ? "added" : "exchanged"].push_back(NameIn(event.deployment(), name));
  }
  for (const std::string& name : event.unchanged()) {
    changes["unchanged"].push_back(NameIn(event.deployment(), name));
  }
  for (const auto& [name, shown] : known_) {
    if (!now.contains(name)) changes["removed"].push_back(shown);
  }
  known_ = std::move(now);
  return changes;
}

void WatchView::Live(const v1::DeployEvent& event, const std::string& url,
                     const WatchStages& stages, bool verbose) {
  std::lock_guard lock(mutex_);
  const Changes changes = ChangesOf(event);
  const absl::Duration since_save = SumOf(stages);
  if (session_.json()) {
    return Json("live",
                Text("\"seconds\":", Seconds(since_save), ",\"stages\":", StagesJson(stages),
                     ",\"changes\":", ChangesJson(changes), ",\"deploy\":", JsonLine(event)));
  }
  const v1::Deployment& deployment = event.deployment();
  Line(Text(Styled(session_.terminal(), Style::kGood, "live"), " after ", HumanTime(since_save),
            ": ", Safe(deployment.chain()), " ", Safe(deployment.id()), " r", deployment.revision(),
            url.empty() ? "" : " at ", url));
  for (const char* const what : {"added", "exchanged", "unchanged", "removed"}) {
    const auto found = changes.find(what);
    if (found == changes.end()) continue;
    for (const std::string& name : found->second) Line(Text("  ", Safe(name), ": ", what));
  }
  if (verbose) Line(Text("  ", StagesText(stages)));
}

void WatchView::DeployFailed(const v1::DeployEvent& last, const absl::Status& status, bool serves) {
  std::lock_guard lock(mutex_);
  if (session_.json()) {
    return Json("failed", Text(Error(status), ",\"deploy\":", JsonLine(last)));
  }
  Line(Text(Styled(session_.terminal(), Style::kBad, "failed"), Serving(serves), ":"));
  LinesOf(MessageOf(status), Style::kBad);
  for (const std::string& line : ProblemsOf(last.deployment())) Line(line);
}

void WatchView::Answer(std::string_view answer, absl::Duration took) {
  std::lock_guard lock(mutex_);
  const std::string pretty = PrettyJson(answer);
  const bool is_first = !std::exchange(has_answer_, true);
  const std::vector<std::string> changes =
      is_first ? std::vector<std::string>() : DiffLines(last_answer_, pretty);
  last_answer_ = pretty;
  if (session_.json()) {
    return Json("answer", Text("\"seconds\":", Seconds(took), ",\"changed\":",
                               changes.empty() ? "false" : "true", ",\"text\":", Quoted(answer),
                               ",\"difference\":", ListJson(changes)));
  }
  Line(Text("answer in ", HumanTime(took),
            is_first          ? ":"
            : changes.empty() ? ", the same as before"
                              : ":"));
  if (is_first || !changes.empty()) LinesOf(pretty, Style::kStrong);
  if (changes.empty()) return;
  Line("  changed:");
  for (const std::string& change : changes) {
    LinesOf(change, change.starts_with('+') ? Style::kGood : Style::kBad);
  }
}

void WatchView::AnswerFailed(const absl::Status& status, absl::Duration took) {
  std::lock_guard lock(mutex_);
  if (session_.json()) {
    return Json("answer_failed", Text("\"seconds\":", Seconds(took), ",", Error(status)));
  }
  Line(Text("no answer after ", HumanTime(took), ":"));
  LinesOf(Text(absl::StatusCodeToString(status.code()), ": ", MessageOf(status)), Style::kBad);
}

void WatchView::Log(const v1::LogLine& line) {
  std::lock_guard lock(mutex_);
  if (session_.json()) return Json("log", Text("\"log\":", JsonLine(line)));
  Line(Text(Styled(session_.terminal(), Style::kFaint, "| "), LogText(session_.terminal(), line)));
}

void WatchView::Ended() {
  std::lock_guard lock(mutex_);
  if (session_.json()) return Json("ended", "");
  Line("watching ended; the development deployment goes on");
}

}  // namespace chains::deploy::cli
