// AskHealth: whether a process says that it serves, by gRPC's own health service. For a program's
// flag --check, so that a container's HEALTHCHECK needs no other program in its image:
//
//   // chains-agent --check 127.0.0.1:7002
//   if (argc == 3 && std::string_view(argv[1]) == "--check") {
//     return chains::CheckHealth(argv[2], std::cerr);
//   }
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace chains {

// Waits at most `timeout`, on a reactor of its own. `address` is HOST:PORT or unix:PATH, in
// plaintext; `contract` is what is asked for, empty for the process. UNAVAILABLE: nobody answers,
// or the answer is another than SERVING; NOT_FOUND: the contract is not served there.
absl::Status AskHealth(const std::string& address, std::string_view contract,
                       absl::Duration timeout);

// All of such a flag: asks the process, within 3 s. 0 where it serves; else tells `says` why, and
// answers 1.
int CheckHealth(const std::string& address, std::ostream& says);

}  // namespace chains
