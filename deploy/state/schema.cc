#include "deploy/state/schema.h"

#include <cstddef>
#include <cstdint>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr int64_t kApplication = 0x43484e53;  // "CHNS"

constexpr const char* kSteps[] = {
    "CREATE TABLE deployments("
    "  id TEXT PRIMARY KEY NOT NULL, record BLOB NOT NULL) STRICT;"
    "CREATE TABLE environments("
    "  chain TEXT NOT NULL, name TEXT NOT NULL, record BLOB NOT NULL,"
    "  PRIMARY KEY(chain, name)) STRICT;"
    "CREATE TABLE keys(name TEXT PRIMARY KEY NOT NULL, record BLOB NOT NULL) STRICT;"
    "CREATE TABLE secrets(name TEXT PRIMARY KEY NOT NULL, record BLOB NOT NULL) STRICT;",
};

// A file that SQLite has just made says 0 and has no tables.
absl::Status CheckOwner(Database& database) {
  const absl::StatusOr<int64_t> application = database.Number("PRAGMA application_id");
  if (!application.ok()) return application.status();
  const absl::StatusOr<int64_t> tables = database.Number("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  if (*application == kApplication || (*application == 0 && *tables == 0)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Text("'", database.file(), "' is a database of another program: name another folder"));
}

}  // namespace

SchemaSteps CurrentSchema() { return kSteps; }

absl::Status Migrate(Database& database, SchemaSteps steps) {
  if (absl::Status owner = CheckOwner(database); !owner.ok()) return owner;
  const absl::StatusOr<int64_t> version = database.Number("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*version < 0 || static_cast<size_t>(*version) > steps.size()) {
    return absl::FailedPreconditionError(Text(
        "'", database.file(), "' was written by a newer Chains (its form is ", *version,
        ", this program knows up to ", steps.size(), "): run that one, or name another folder"));
  }
  for (size_t at = static_cast<size_t>(*version); at < steps.size(); ++at) {
    const absl::Status done = database.Transaction([&] {
      return database.RunScript(Text(steps[at], ";PRAGMA application_id = ", kApplication,
                                     ";PRAGMA user_version = ", at + 1));
    });
    if (!done.ok()) return done;
  }
  return absl::OkStatus();
}

}  // namespace chains::deploy
