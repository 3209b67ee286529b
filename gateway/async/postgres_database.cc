#include "gateway/async/postgres_database.h"

#include <array>
#include <cstring>
#include <endian.h>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

// PostgreSQL's numbers of types (pg_type.dat).
constexpr Oid kBytea = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kInt4 = 23;
constexpr Oid kText = 25;
constexpr int kAsText = 0;
constexpr int kAsBytes = 1;

// Parameters of one statement as libpq wants them.
struct Parameters {
  explicit Parameters(const std::vector<SqlValue>& values) {
    numbers.reserve(values.size());  // so that none of them moves
    for (const SqlValue& value : values) Add(value);
  }

  void Add(const SqlValue& value) {
    if (const auto* number = std::get_if<int64_t>(&value)) {
      numbers.push_back(Text(*number));
      Add(kInt8, numbers.back(), kAsText);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      numbers.emplace_back(*text);  // libpq wants its end marked
      Add(kText, numbers.back(), kAsText);
    } else {
      Add(kBytea, std::get<Blob>(value).bytes, kAsBytes);
    }
  }
  void Add(Oid type, std::string_view bytes, int format) {
    types.push_back(type);
    data.push_back(bytes.empty() ? "" : bytes.data());
    sizes.push_back(static_cast<int>(bytes.size()));
    formats.push_back(format);
  }

  std::vector<std::string> numbers;
  std::vector<Oid> types;
  std::vector<const char*> data;
  std::vector<int> sizes;
  std::vector<int> formats;
};

Row::Cell CellOf(const PGresult* result, int row, int column) {
  const char* const data = PQgetvalue(result, row, column);
  const auto size = static_cast<size_t>(PQgetlength(result, row, column));
  const Oid type = PQftype(result, column);
  if (type == kInt8 && size == sizeof(uint64_t)) {
    uint64_t number = 0;
    std::memcpy(&number, data, sizeof(number));
    return static_cast<int64_t>(be64toh(number));
  }
  if (type == kInt4 && size == sizeof(uint32_t)) {
    uint32_t number = 0;
    std::memcpy(&number, data, sizeof(number));
    return static_cast<int64_t>(static_cast<int32_t>(be32toh(number)));
  }
  return std::string(data, size);
}

Rows RowsOf(const PGresult* result) {
  Rows rows;
  const int count = PQntuples(result);
  const int columns = PQnfields(result);
  for (int row = 0; row < count; ++row) {
    std::vector<Row::Cell> cells;
    cells.reserve(static_cast<size_t>(columns));
    for (int column = 0; column < columns; ++column) cells.push_back(CellOf(result, row, column));
    rows.emplace_back(std::move(cells));
  }
  return rows;
}

std::string OneLine(const char* message) {
  return absl::StrReplaceAll(absl::StripAsciiWhitespace(message), {{"\n", "; "}});
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> PostgresDatabase::Open(const std::string& url) {
  std::unique_ptr<PostgresDatabase> database(new PostgresDatabase(url));
  if (absl::Status connected = database->Connect(); !connected.ok()) return connected;
  return database;
}

absl::Status PostgresDatabase::Connect() {
  constexpr size_t kSettings = 9;
  // What the URL itself says comes last, and wins.
  const std::array<const char*, kSettings> names = {"application_name",
                                                    "connect_timeout",
                                                    "keepalives_idle",
                                                    "keepalives_interval",
                                                    "keepalives_count",
                                                    "tcp_user_timeout",
                                                    "options",
                                                    "dbname",
                                                    nullptr};
  const std::array<const char*, kSettings> values = {
      "chains-gateway",
      "5",
      "5",
      "2",
      "3",
      "10000",
      "-c statement_timeout=10000 -c lock_timeout=5000 "
      "-c idle_in_transaction_session_timeout=10000",
      url_.c_str(),
      nullptr};
  connection_.reset(PQconnectdbParams(names.data(), values.data(), /*expand_dbname=*/1));
  if (connection_ == nullptr) return absl::ResourceExhaustedError("out of memory");
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    return absl::UnavailableError(Text("cannot reach the queue's PostgreSQL", Where(), ": ",
                                       OneLine(PQerrorMessage(connection_.get())),
                                       "; see to it, or to --async-queue"));
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  return Script(
      "SELECT set_config('synchronous_commit', 'on', false)"
      " WHERE current_setting('synchronous_commit') = 'off'");
}

absl::Status PostgresDatabase::Connected() {
  if (connection_ != nullptr && PQstatus(connection_.get()) == CONNECTION_OK) {
    return absl::OkStatus();
  }
  if (in_transaction_) {
    return absl::UnavailableError(
        Text("the connection to the queue's PostgreSQL", Where(), " broke"));
  }
  return Connect();
}

absl::StatusOr<Rows> PostgresDatabase::Query(const std::string& sql,
                                             const std::vector<SqlValue>& values) {
  if (absl::Status connected = Connected(); !connected.ok()) return connected;
  const Parameters parameters(values);
  const Result result(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                   parameters.types.data(), parameters.data.data(),
                                   parameters.sizes.data(), parameters.formats.data(), kAsBytes));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK) return RowsOf(result.get());
  if (status == PGRES_COMMAND_OK) return Rows();
  return FailureOf(result.get());
}

absl::Status PostgresDatabase::Script(const std::string& sql) {
  if (absl::Status connected = Connected(); !connected.ok()) return connected;
  const Result result(PQexec(connection_.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return absl::OkStatus();
  return FailureOf(result.get());
}

absl::Status PostgresDatabase::Transaction(absl::FunctionRef<absl::Status()> body) {
  absl::Status status = Script("BEGIN");
  // That the server is gone, or was started anew, shows with the first word to it.
  if (!status.ok() && PQstatus(connection_.get()) != CONNECTION_OK) status = Script("BEGIN");
  if (!status.ok()) return status;
  in_transaction_ = true;
  status = body();
  if (status.ok()) status = Commit();
  in_transaction_ = false;
  if (status.ok()) return status;
  // Where even that fails the connection is useless, and the server rolls back by itself.
  const bool ends = PQstatus(connection_.get()) == CONNECTION_OK && Script("ROLLBACK").ok();
  if (!ends) connection_.reset();
  return status;
}

// A COMMIT of what a statement's failure has ended is a rollback, and no failure to PostgreSQL.
absl::Status PostgresDatabase::Commit() {
  if (absl::Status connected = Connected(); !connected.ok()) return connected;
  const Result result(PQexec(connection_.get(), "COMMIT"));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) return FailureOf(result.get());
  if (std::string_view(PQcmdStatus(result.get())) == "COMMIT") return absl::OkStatus();
  return absl::InternalError(Text("the queue's PostgreSQL", Where(), " rolled a change back"));
}

const Database::Dialect& PostgresDatabase::dialect() const {
  static constexpr Dialect kDialect = {.blob = "BYTEA",
                                       .skip_locked = " FOR UPDATE SKIP LOCKED",
                                       .make_schema = "SELECT pg_advisory_xact_lock(4846238467)",
                                       .shared = true};
  return kDialect;
}

std::string PostgresDatabase::Where() const {
  const char* const host = connection_ == nullptr ? nullptr : PQhost(connection_.get());
  return host == nullptr || *host == '\0' ? "" : Text(" at ", host);
}

absl::Status PostgresDatabase::FailureOf(const PGresult* result) const {
  const char* const code =
      result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view state = code == nullptr ? "" : code;
  const std::string why =
      Text("the queue's PostgreSQL", Where(), ": ", OneLine(PQerrorMessage(connection_.get())));
  // Classes of appendix A: 08 connection, 40 rolled back, 53 resources, 55 and 57 the operator's,
  // 42501 privileges.
  if (state == "42501") {
    return absl::PermissionDeniedError(
        Text(why, "; let the user of --async-queue make tables in its schema"));
  }
  if (state == "53100") return absl::ResourceExhaustedError(Text(why, "; make room on its disk"));
  if (state.starts_with("40")) return absl::AbortedError(why);
  const bool may_pass = state.empty() || state.starts_with("08") || state.starts_with("53") ||
                        state.starts_with("55") || state.starts_with("57");
  return may_pass ? absl::UnavailableError(why) : absl::InternalError(why);
}

}  // namespace chains::gateway
