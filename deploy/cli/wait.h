// Waiting that Ctrl-C ends.
#pragma once

#include "absl/time/time.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

// Waits for `duration`; false, at once, when the user asked to end.
bool PauseUnlessInterrupted(const Session& session, absl::Duration duration);

// From now on Ctrl-C (and SIGTERM) is noted instead of ending the process; a second one ends it.
void NoteInterrupts();
bool Interrupted();
// Readable once Interrupted(); for poll(). -1 before NoteInterrupts().
int InterruptDescriptor();

}  // namespace chains::deploy::cli
