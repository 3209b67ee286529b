// The form of the platform's database, and how an older one is brought to it.
#pragma once

#include <span>

#include "absl/status/status.h"
#include "deploy/state/database.h"

namespace chains::deploy {

// Steps[i] is SQL that makes of a database at version i one at version i + 1. Steps that were
// released never change; a new form is a new step.
using SchemaSteps = std::span<const char* const>;
SchemaSteps CurrentSchema();

// Brings the database to the newest version of `steps`, each step whole or not at all.
// FAILED_PRECONDITION: it is at a later version than this program knows, or another program's.
absl::Status Migrate(Database& database, SchemaSteps steps);

}  // namespace chains::deploy
