// WatchView: what `watch` tells, from several threads, a line at a time: what was built, who was
// exchanged, answers, log lines.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "chains/v1/platform.pb.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

// Where the time from a save to its answers went.
struct WatchStages {
  absl::Duration noticed = absl::ZeroDuration();    // until the edit was complete
  absl::Duration built = absl::ZeroDuration();      // CMake and the compiler
  absl::Duration collected = absl::ZeroDuration();  // which libraries, whose code, what has changed
  absl::Duration uploaded = absl::ZeroDuration();
  absl::Duration started = absl::ZeroDuration();  // new processes, and the calls to them
};

// Thread-safe. `session` outlives it.
class WatchView {
 public:
  explicit WatchView(const Session& session) : session_(session) {}

  void Watching(const std::string& path);
  void Changed(const std::vector<std::string>& paths);
  void BuildLine(std::string_view line);
  void BuildFailed(const absl::Status& status, absl::Duration took, bool serves);
  void Built(absl::Duration took);
  // Of the deployment on its way: its notes.
  void Note(std::string_view note);
  // Live: who has new processes, was added or removed, and how long that took since the save; with
  // `verbose` where that time went.
  void Live(const v1::DeployEvent& event, const std::string& url, const WatchStages& stages,
            bool verbose);
  void DeployFailed(const v1::DeployEvent& last, const absl::Status& status, bool serves);
  void Answer(std::string_view answer, absl::Duration took);
  void AnswerFailed(const absl::Status& status, absl::Duration took);
  void Log(const v1::LogLine& line);
  void Ended();

 private:
  // {"event": NAME, FIELDS}
  void Json(std::string_view event, const std::string& fields);
  void Line(std::string_view text);
  void LinesOf(std::string_view text, Style style);
  // What became of each chainlet: "added", "exchanged", "unchanged", "removed" → their names.
  using Changes = std::map<std::string, std::vector<std::string>>;
  Changes ChangesOf(const v1::DeployEvent& event);

  const Session& session_;
  std::mutex mutex_;
  std::string last_answer_;  // guarded by mutex_
  bool has_answer_ = false;
  std::map<std::string, std::string> known_;  // chainlets of what was live last → what to call them
};

}  // namespace chains::deploy::cli
