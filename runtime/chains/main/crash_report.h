// What a process that crashes says on standard error.
#pragma once

namespace chains::internal {

// From now on SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL and SIGTRAP print the signal and the stack
// of the thread that got it; the process then ends by that signal, as it would without. At the
// start of a process.
void ReportCrashes();

}  // namespace chains::internal
