// What a process that crashes says on standard error.
#pragma once

namespace chains::internal {

// From now on SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL and SIGTRAP print the signal and the stack
// of the thread that got it; the process then ends by that signal, as it would without. Where there
// is no memory left, SIGABRT ends it, and the last line says how much it had. At the start of a
// process.
//
// To tell of that takes memory: the hard limit of RLIMIT_DATA is to be above the soft one.
void ReportCrashes();

}  // namespace chains::internal
