// A descriptor is kept in reserve, so that a process that has used up all others still refuses
// connections, instead of leaving them in the system's queue or, worse, ceasing to listen.
//
//   chains::internal::KeepASpareDescriptor();    // before the process listens
//
// gRPC 1.51 stops to watch a listening socket whose accept4() fails for any reason but EINTR,
// EAGAIN and ECONNABORTED (src/core/lib/iomgr/tcp_server_posix.cc, on_read), so that one moment
// without a descriptor would leave it deaf for good. This library therefore defines accept4(),
// which programs take in the C library's place: out of descriptors or memory it gives the spare one
// up, takes what waits and closes it at once, which callers see as UNAVAILABLE, and answers EAGAIN.
// (The trick is libev's and libuv's, there against listening sockets that stay readable.)
#pragma once

#include <cstdint>

namespace chains::internal {

// Once in a process is enough; any thread.
void KeepASpareDescriptor();

// Connections that were refused that way, in this process. Any thread.
uint64_t ConnectionsShed();

}  // namespace chains::internal
