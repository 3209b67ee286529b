#include "gateway/async/sql_schema.h"

#include <array>
#include <cstddef>

#include "absl/strings/str_replace.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

// Steps that were released never change; a new form is a new step. BLOB is the dialect's.
//
// async_jobs is looked through and written often, so inputs and results lie beside it. `due` is
// when a queued job may be begun, and when the lease of one in progress runs out; `changed` is when
// its state became what it is. Times are microseconds since 1970.
constexpr std::array<const char*, 1> kSteps = {
    "CREATE TABLE async_jobs("
    "  id TEXT PRIMARY KEY NOT NULL, chain TEXT NOT NULL, deployment BIGINT NOT NULL,"
    "  name TEXT NOT NULL, method TEXT NOT NULL, headers BLOB NOT NULL, state BIGINT NOT NULL,"
    "  priority BIGINT NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL,"
    "  due BIGINT NOT NULL, changed BIGINT NOT NULL, timeout BIGINT NOT NULL,"
    "  attempts BIGINT NOT NULL, losses BIGINT NOT NULL, max_attempts BIGINT NOT NULL,"
    "  initial_delay BIGINT NOT NULL, max_delay BIGINT NOT NULL, lease TEXT NOT NULL,"
    "  owner TEXT NOT NULL, idempotency TEXT NOT NULL, fingerprint TEXT NOT NULL,"
    "  bytes BIGINT NOT NULL, webhook TEXT NOT NULL, webhook_state BIGINT NOT NULL,"
    "  webhook_due BIGINT NOT NULL, webhook_attempts BIGINT NOT NULL,"
    "  webhook_lease TEXT NOT NULL, webhook_owner TEXT NOT NULL);"
    "CREATE INDEX async_open ON async_jobs(priority, created, id) WHERE state < 2;"
    "CREATE INDEX async_kept ON async_jobs(changed) WHERE state >= 2;"
    "CREATE INDEX async_webhooks ON async_jobs(webhook_due) WHERE webhook_state = 1;"
    "CREATE UNIQUE INDEX async_keys ON async_jobs(idempotency) WHERE idempotency <> '';"
    "CREATE TABLE async_inputs("
    "  id TEXT PRIMARY KEY NOT NULL REFERENCES async_jobs(id) ON DELETE CASCADE,"
    "  input BLOB NOT NULL);"
    "CREATE TABLE async_results("
    "  id TEXT PRIMARY KEY NOT NULL REFERENCES async_jobs(id) ON DELETE CASCADE,"
    "  result BLOB NOT NULL, error BLOB NOT NULL);"
    "CREATE TABLE async_deliveries("
    "  id TEXT NOT NULL REFERENCES async_jobs(id) ON DELETE CASCADE, attempt BIGINT NOT NULL,"
    "  at BIGINT NOT NULL, status BIGINT NOT NULL, error TEXT NOT NULL,"
    "  PRIMARY KEY(id, attempt));",
};

absl::Status StepFrom(Database& database, size_t version) {
  const std::string blob(database.dialect().blob);
  const std::string sql = absl::StrReplaceAll(kSteps[version], {{" BLOB", Text(" ", blob)}});
  if (absl::Status done = database.Script(sql); !done.ok()) return done;
  return database.Script(Text("UPDATE async_schema SET version = ", version + 1));
}

absl::Status Migrate(Database& database) {
  const std::string alone(database.dialect().make_schema);
  if (!alone.empty()) {
    if (absl::Status waited = database.Script(alone); !waited.ok()) return waited;
  }
  absl::Status made = database.Script(
      "CREATE TABLE IF NOT EXISTS async_schema(version BIGINT NOT NULL);"
      "INSERT INTO async_schema SELECT 0 WHERE NOT EXISTS(SELECT 1 FROM async_schema)");
  if (!made.ok()) return made;
  const absl::StatusOr<Rows> rows = database.Query("SELECT version FROM async_schema", {});
  if (!rows.ok()) return rows.status();
  const int64_t version = rows->empty() ? -1 : rows->front().Integer(0);
  if (version < 0 || static_cast<size_t>(version) > kSteps.size()) {
    return absl::FailedPreconditionError(
        Text("the queue was written by a newer Chains (its form is ", version,
             ", this program knows up to ", kSteps.size(), "): run that one, or name another"));
  }
  for (auto at = static_cast<size_t>(version); at < kSteps.size(); ++at) {
    if (absl::Status done = StepFrom(database, at); !done.ok()) return done;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeSchema(Database& database) {
  return database.Transaction([&] { return Migrate(database); });
}

}  // namespace chains::gateway
