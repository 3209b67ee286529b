// Whether a machine can run a bundle.
//
//   if (absl::Status fits = CheckFits(bundle.machine(), ThisMachine()); !fits.ok()) return fits;
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/v1/bundle.pb.h"

namespace chains::deploy {

// What all these files need together; those that are no ELF files need nothing. INVALID_ARGUMENT:
// two of them are for different architectures.
absl::StatusOr<v1::Machine> NeedsOfFiles(const std::vector<std::string>& paths);

// What this machine has: architecture, version of glibc, CPU level.
v1::Machine ThisMachine();

// What pods of a cluster have whose platform runs here: their images are of the same architecture
// and of Debian 12. What their nodes' processors have is not known, so it is not compared.
v1::Machine MachineOfImages();

// FAILED_PRECONDITION names what does not fit, and the next step. What `need` leaves empty fits.
// `who` has that: for the message. Pure.
absl::Status CheckFits(const v1::Machine& need, const v1::Machine& have,
                       std::string_view who = "this machine");

}  // namespace chains::deploy
