#include "deploy/cli/commands/building.h"

#include <filesystem>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/progress.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/terminal/terminal.h"

namespace chains::deploy::cli {

absl::StatusOr<std::unique_ptr<ChainSource>> Open(Session& session, const std::string& path,
                                                  bool verbose, std::stop_token stop) {
  const std::string what = Text("configuring ", Safe(path));
  bool told = session.json();
  Progress progress(session.terminal());
  Spinner spinner(progress, session.terminal(), what);
  const auto on_line = [&](std::string_view line) {
    if (!std::exchange(told, true)) progress.Line(what);
    if (verbose) progress.Line(Safe(line));
    spinner.SetText(Text(what, "  ", Safe(line)));
  };
  return session.world().open_chain(path, {.on_line = on_line, .stop = std::move(stop)});
}

absl::StatusOr<std::unique_ptr<ChainSource>> OpenAndBuild(Session& session, const std::string& path,
                                                          bool verbose) {
  absl::StatusOr<std::unique_ptr<ChainSource>> source = Open(session, path, verbose);
  if (!source.ok()) return source;
  const absl::Time begin = absl::Now();
  Progress progress(session.terminal());
  absl::Status built;
  {
    Spinner spinner(progress, session.terminal(), Text("building ", Safe(path)));
    built = (*source)->Build({.on_line = [&](std::string_view line) {
      if (verbose) progress.Line(Safe(line));
      spinner.SetText(Text("building ", Safe(path), "  ", Safe(line)));
    }});
  }
  if (!built.ok()) return built;
  // Of a program nothing is built.
  if (!session.json() && !std::filesystem::is_regular_file(path)) {
    progress.Line(Text("built ", Safe((*source)->Program().string()), " in ",
                       HumanTime(absl::Now() - begin)));
  }
  return source;
}

absl::StatusOr<BuiltChain> BuildAndCollect(Session& session, const std::string& path,
                                           bool verbose) {
  absl::StatusOr<std::unique_ptr<ChainSource>> source = OpenAndBuild(session, path, verbose);
  if (!source.ok()) return source.status();
  absl::StatusOr<BuiltChain> chain = (*source)->Collect({});
  if (!chain.ok() || session.json()) return chain;
  Progress progress(session.terminal());
  for (const std::string& note : chain->notes) {
    progress.Line(StyledForErr(session.terminal(), Style::kWarning, Safe(note)));
  }
  return chain;
}

}  // namespace chains::deploy::cli
