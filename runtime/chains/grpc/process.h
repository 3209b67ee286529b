// What a process that uses gRPC decides once, before it does.
#pragma once

#include <csignal>

namespace chains {

// SIGTERM and SIGINT, from now on blocked in this thread and in those that it starts: only a
// sigwait() for them sees them. Before the process has threads.
sigset_t BlockEndSignals();

// At the start of main(). A peer that leaves must not end this process by SIGPIPE, and Abseil's
// mutexes need not look for deadlocks (Debian builds them to; it costs 8 % of a call). Memory that
// was needed once is kept for the next call, up to 32 MiB a thread. Repeating it changes nothing.
//
// Where secrets are held (keys, tokens, what chainlets are given) the process, and what it starts,
// leaves no core, and others of its user do not read its memory (core/hardening.h, which says how
// to turn that off).
enum class Secrets { kNone, kHeld };
void PrepareProcess(Secrets secrets = Secrets::kNone);

// For a process that will have several reactors, before it has the first; later it changes nothing.
// Each of them then waits for its own connections (gRPC's polling strategy "poll"). With gRPC's
// own choice, epoll1, one thread waits for all connections and wakes the others: of a call to one
// of four reactors 13 system calls instead of 5, and 55 µs instead of 32. A reactor pays 0.7 µs
// each time that it looks at its connections, for each that is open; so one that is alone in its
// process keeps epoll1. What the environment says in GRPC_POLL_STRATEGY holds.
void KeepReactorsApart();

}  // namespace chains
