#include "deploy/state/database.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr int kBusyTimeoutMs = 5000;

absl::Status NoRoom(std::string_view file) {
  return absl::ResourceExhaustedError(Text("no room left on the disk of '", file,
                                           "': nothing was changed; make room and try again"));
}

absl::Status Damaged(std::string_view file, std::string_view why) {
  return absl::DataLossError(
      Text("'", file, "' is damaged or no database of a platform (", why,
           "): bring back a copy of it, or move it away to begin with nothing deployed"));
}

absl::Status NotToBeWritten(std::string_view file, std::string_view why) {
  return absl::PermissionDeniedError(Text("cannot write '", file, "' (", why,
                                          "): let this user write it and its folder, or name "
                                          "another folder"));
}

// Secrets and tokens lie in it, so it is made for this user alone. SQLite gives the files beside it
// the same mode.
absl::Status MakeFile(const std::string& file) {
  const int made = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (made >= 0) {
    close(made);
    return absl::OkStatus();
  }
  const std::string why = strerror(errno);
  if (errno == ENOENT || errno == ENOTDIR) {
    return absl::NotFoundError(Text("cannot make '", file, "' (", why, "): make its folder first"));
  }
  if (errno == ENOSPC || errno == EDQUOT) return NoRoom(file);
  return NotToBeWritten(file, why);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::filesystem::path& file) {
  if (absl::Status made = MakeFile(file.string()); !made.ok()) return made;
  std::unique_ptr<Database> database(new Database(file.string()));
  sqlite3* connection = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &connection,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  database->connection_.reset(connection);
  if (opened != SQLITE_OK) return database->Failure();
  if (absl::Status status = database->Configure(); !status.ok()) return status;
  if (absl::Status status = database->LookThrough(); !status.ok()) return status;
  return database;
}

absl::Status Database::Configure() {
  sqlite3_extended_result_codes(connection_.get(), 1);
  sqlite3_busy_timeout(connection_.get(), kBusyTimeoutMs);
  return RunScript(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;");
}

absl::Status Database::LookThrough() {
  std::string found;
  const absl::Status looked = Each("SELECT quick_check, '' FROM pragma_quick_check(1)",
                                   [&](const Row& row) -> absl::Status {
                                     found = std::string(row.name);
                                     return absl::OkStatus();
                                   });
  if (!looked.ok()) return looked;
  return found == "ok" ? absl::OkStatus() : Damaged(file_, found);
}

absl::Status Database::RunScript(const std::string& sql) {
  if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Failure();
  }
  return absl::OkStatus();
}

absl::StatusOr<Database::Statement> Database::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(connection_.get(), sql, -1, &statement, nullptr) != SQLITE_OK) {
    return Failure();
  }
  return Statement(statement);
}

absl::Status Database::BindTexts(sqlite3_stmt* statement,
                                 std::initializer_list<std::string_view> texts) {
  int at = 0;
  for (const std::string_view text : texts) {
    if (sqlite3_bind_text64(statement, ++at, text.data(), text.size(), SQLITE_STATIC,
                            SQLITE_UTF8) != SQLITE_OK) {
      return Failure();
    }
  }
  return absl::OkStatus();
}

absl::Status Database::RunToEnd(sqlite3_stmt* statement) {
  int step = SQLITE_ROW;
  while (step == SQLITE_ROW) step = sqlite3_step(statement);
  return step == SQLITE_DONE ? absl::OkStatus() : Failure();
}

absl::Status Database::Run(const char* sql, std::initializer_list<std::string_view> texts) {
  const absl::StatusOr<Statement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  if (absl::Status bound = BindTexts(statement->get(), texts); !bound.ok()) return bound;
  return RunToEnd(statement->get());
}

absl::Status Database::Run(const char* sql, std::initializer_list<std::string_view> texts,
                           std::string_view record) {
  const absl::StatusOr<Statement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  if (absl::Status bound = BindTexts(statement->get(), texts); !bound.ok()) return bound;
  // A null pointer would be bound as NULL; an empty record is one of no bytes.
  const char* const data = record.empty() ? "" : record.data();
  if (sqlite3_bind_blob64(statement->get(), static_cast<int>(texts.size()) + 1, data, record.size(),
                          SQLITE_STATIC) != SQLITE_OK) {
    return Failure();
  }
  return RunToEnd(statement->get());
}

absl::StatusOr<int64_t> Database::Number(const char* sql) {
  const absl::StatusOr<Statement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  if (sqlite3_step(statement->get()) != SQLITE_ROW) return Failure();
  return sqlite3_column_int64(statement->get(), 0);
}

absl::Status Database::Each(const char* sql, absl::FunctionRef<absl::Status(const Row&)> each) {
  const absl::StatusOr<Statement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  sqlite3_stmt* const rows = statement->get();
  const auto column = [&](int at) {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(rows, at));
    return std::string_view(data, static_cast<size_t>(sqlite3_column_bytes(rows, at)));
  };
  while (true) {
    const int step = sqlite3_step(rows);
    if (step == SQLITE_DONE) return absl::OkStatus();
    if (step != SQLITE_ROW) return Failure();
    if (absl::Status status = each({column(0), column(1)}); !status.ok()) return status;
  }
}

absl::Status Database::Transaction(absl::FunctionRef<absl::Status()> body) {
  absl::Status status = RunScript("BEGIN IMMEDIATE");
  if (status.ok()) status = body();
  if (status.ok()) status = RunScript("COMMIT");
  // Some failures end the transaction by themselves. One that cannot be rolled back is, when the
  // connection is closed or the file is opened again.
  if (!status.ok() && sqlite3_get_autocommit(connection_.get()) == 0) {
    sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return status;
}

absl::Status Database::Failure() {
  sqlite3* const connection = connection_.get();
  if (connection == nullptr) return absl::ResourceExhaustedError("out of memory");
  std::string why = sqlite3_errmsg(connection);
  const int number = sqlite3_system_errno(connection);
  if (number != 0) why = Text(why, ", ", strerror(number));
  switch (sqlite3_errcode(connection) & 0xff) {
    case SQLITE_FULL:
      return NoRoom(file_);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Damaged(file_, why);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return NotToBeWritten(file_, why);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(
          Text("another program holds '", file_, "' (", why, "): end it and try again"));
    case SQLITE_IOERR:
      if (number == ENOSPC || number == EDQUOT) return NoRoom(file_);
      return absl::InternalError(
          Text("cannot read or write '", file_, "' (", why, "): see to its disk and try again"));
    default:
      return absl::InternalError(Text("'", file_, "': ", why));
  }
}

}  // namespace chains::deploy
