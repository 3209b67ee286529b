#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "transcribe_chain.h"

namespace transcribe {

absl::StatusOr<FetchSettings> ReadFetchSettings(const chains::DeploymentContext& context) {
  FetchSettings settings;
  const absl::StatusOr<Networks> networks =
      Networks::Parse(context.Variable(kMediaNetworks).value_or(""));
  if (!networks.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the variable ", kMediaNetworks, ": ", networks.status().message()));
  }
  settings.allowed = *networks;
  settings.ca_file = context.Variable(kMediaCaFile).value_or("");
  return settings;
}

}  // namespace transcribe
