// One line of a watch.
//
//   absl::StatusOr<WatchEvent> event =
//       ParseWatchLine(R"({"type":"ADDED","object":{…}})", "watch pods");
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "deploy/apiserver/api_client.h"

namespace chains::deploy {

// OUT_OF_RANGE: the server says that it has forgotten where this watch was; list again.
// UNAVAILABLE: the line is damaged, or the server's failure. `what` is being done.
absl::StatusOr<WatchEvent> ParseWatchLine(std::string_view line, std::string_view what);

}  // namespace chains::deploy
