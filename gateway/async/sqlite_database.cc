#include "gateway/async/sqlite_database.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr int kBusyTimeoutMs = 5000;
constexpr int kOnlyMine = 0600;  // inputs, results and addresses of webhooks lie in it

absl::Status NotToBeWritten(std::string_view file, std::string_view why) {
  return absl::PermissionDeniedError(
      Text("cannot write '", file, "' (", why,
           "): let this user write it and its folder, or name another with --async-queue"));
}

absl::Status Full(std::string_view file) {
  return absl::ResourceExhaustedError(
      Text("no room left on the disk of '", file, "': make room and try again"));
}

Row::Cell CellOf(sqlite3_stmt* statement, int column) {
  if (sqlite3_column_type(statement, column) == SQLITE_INTEGER) {
    return sqlite3_column_int64(statement, column);
  }
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
  return data == nullptr ? std::string() : std::string(data, size);
}

Row RowOf(sqlite3_stmt* statement) {
  std::vector<Row::Cell> cells;
  const int columns = sqlite3_column_count(statement);
  cells.reserve(static_cast<size_t>(columns));
  for (int column = 0; column < columns; ++column) cells.push_back(CellOf(statement, column));
  return Row(std::move(cells));
}

// A statement that is kept is ready to be run again, whatever became of it.
class Use {
 public:
  explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* const statement_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> SqliteDatabase::Open(const std::string& file) {
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(file));
  if (absl::Status locked = database->Lock(); !locked.ok()) return locked;
  if (absl::Status opened = database->OpenFile(); !opened.ok()) return opened;
  return database;
}

SqliteDatabase::~SqliteDatabase() {
  statements_.clear();
  connection_.reset();
  if (lock_ >= 0) close(lock_);
}

absl::Status SqliteDatabase::Lock() {
  const std::string name = file_ + ".lock";
  lock_ = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOnlyMine);
  if (lock_ < 0) return NotToBeWritten(name, strerror(errno));
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
  return absl::UnavailableError(
      Text("another gateway has the queue '", file_,
           "': end it, or let several share one with --async-queue postgresql://…"));
}

absl::Status SqliteDatabase::OpenFile() {
  // SQLite gives the files beside it the same mode.
  const int made = open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOnlyMine);
  if (made < 0) return NotToBeWritten(file_, strerror(errno));
  close(made);
  sqlite3* connection = nullptr;
  const int opened = sqlite3_open_v2(file_.c_str(), &connection,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  connection_.reset(connection);
  if (opened != SQLITE_OK) return Failure();
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
  return Script(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
      "PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864;");
}

absl::StatusOr<sqlite3_stmt*> SqliteDatabase::Prepared(const std::string& sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) return known->second.get();
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v2(connection_.get(), sql.c_str(), -1, &made, nullptr) != SQLITE_OK) {
    return Failure();
  }
  statements_.emplace(sql, Statement(made));
  return made;
}

// "$1" is a name to SQLite: its number is that of its first place in the text.
bool SqliteDatabase::Bind(sqlite3_stmt* statement, const std::vector<SqlValue>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const int at = sqlite3_bind_parameter_index(statement, Text("$", i + 1).c_str());
    int bound = SQLITE_OK;
    if (const auto* number = std::get_if<int64_t>(&values[i])) {
      bound = sqlite3_bind_int64(statement, at, *number);
    } else if (const auto* text = std::get_if<std::string_view>(&values[i])) {
      // A null pointer would be bound as NULL.
      bound = sqlite3_bind_text64(statement, at, text->empty() ? "" : text->data(), text->size(),
                                  SQLITE_STATIC, SQLITE_UTF8);
    } else {
      const std::string_view bytes = std::get<Blob>(values[i]).bytes;
      bound = sqlite3_bind_blob64(statement, at, bytes.empty() ? "" : bytes.data(), bytes.size(),
                                  SQLITE_STATIC);
    }
    if (bound != SQLITE_OK) return false;
  }
  return true;
}

absl::StatusOr<Rows> SqliteDatabase::Query(const std::string& sql,
                                           const std::vector<SqlValue>& values) {
  const absl::StatusOr<sqlite3_stmt*> statement = Prepared(sql);
  if (!statement.ok()) return statement.status();
  const Use use(*statement);
  if (!Bind(*statement, values)) return Failure();
  Rows rows;
  while (true) {
    const int step = sqlite3_step(*statement);
    if (step == SQLITE_DONE) return rows;
    if (step != SQLITE_ROW) return Failure();
    rows.push_back(RowOf(*statement));
  }
}

absl::Status SqliteDatabase::Script(const std::string& sql) {
  if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return absl::OkStatus();
  }
  return Failure();
}

absl::Status SqliteDatabase::Transaction(absl::FunctionRef<absl::Status()> body) {
  absl::Status status = Script("BEGIN IMMEDIATE");
  if (status.ok()) status = body();
  if (status.ok()) status = Script("COMMIT");
  // Some failures end the transaction by themselves.
  if (!status.ok() && sqlite3_get_autocommit(connection_.get()) == 0) {
    sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return status;
}

const Database::Dialect& SqliteDatabase::dialect() const {
  static constexpr Dialect kDialect = {.blob = "BLOB", .skip_locked = "", .make_schema = ""};
  return kDialect;
}

absl::Status SqliteDatabase::Failure() const {
  sqlite3* const connection = connection_.get();
  if (connection == nullptr) return absl::ResourceExhaustedError("out of memory");
  std::string why = sqlite3_errmsg(connection);
  const int number = sqlite3_system_errno(connection);
  if (number != 0) why = Text(why, ", ", strerror(number));
  switch (sqlite3_errcode(connection) & 0xff) {
    case SQLITE_FULL:
      return Full(file_);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(
          Text("'", file_, "' is damaged or no queue (", why,
               "): bring back a copy of it, or move it away to begin with an empty one"));
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
      if (number == ENOSPC || number == EDQUOT) return Full(file_);
      return absl::UnavailableError(
          Text("cannot read or write '", file_, "' (", why, "): see to its disk and try again"));
    default:
      return absl::InternalError(Text("'", file_, "': ", why));
  }
}

}  // namespace chains::gateway
