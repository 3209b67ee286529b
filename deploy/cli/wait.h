// Waiting that Ctrl-C ends.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "absl/time/time.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

// Waits for `duration`; false, at once, when the user asked to end.
bool PauseUnlessInterrupted(const Session& session, absl::Duration duration);

// Asks to stop once the user has asked to end, as long as it lives.
//
//   const StopOnInterrupt stop(session);
//   Build({.stop = stop.token()});
class StopOnInterrupt {
 public:
  // `session` outlives it.
  explicit StopOnInterrupt(const Session& session);
  StopOnInterrupt(const StopOnInterrupt&) = delete;
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::mutex mutex_;
  std::condition_variable_any ending_;
  std::jthread thread_;
};

// From now on Ctrl-C (and SIGTERM) is noted instead of ending the process; a second one ends it.
void NoteInterrupts();
bool Interrupted();
// Readable once Interrupted(); for poll(). -1 before NoteInterrupts().
int InterruptDescriptor();

}  // namespace chains::deploy::cli
