// The tables of a queue, and how an older form of them is brought to the newest.
#pragma once

#include "absl/status/status.h"
#include "gateway/async/database.h"

namespace chains::gateway {

// FAILED_PRECONDITION: a later program has written it.
absl::Status MakeSchema(Database& database);

}  // namespace chains::gateway
