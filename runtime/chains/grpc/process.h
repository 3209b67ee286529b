// What a process that uses gRPC does once, at the start of main().
#pragma once

namespace chains {

// A peer that leaves must not end this process by SIGPIPE, and Abseil's mutexes need not look for
// deadlocks (Debian builds them to; it costs 8 % of a call). Memory that was needed once is kept
// for the next call, up to 32 MiB a thread. Repeating it changes nothing.
void PrepareProcess();

}  // namespace chains
