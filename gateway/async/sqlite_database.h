// SqliteDatabase: a file of SQLite that one process holds.
//
//   absl::StatusOr<std::unique_ptr<Database>> database =
//   SqliteDatabase::Open("/home/ada/async.db");
//
// What is committed is on disk (WAL, synchronous=FULL). FILE.lock is locked as long as it is open,
// by the kernel's means, so that a lease in the file belongs to this process or to one that is
// gone.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include <sqlite3.h>

#include "absl/status/statusor.h"
#include "gateway/async/database.h"

namespace chains::gateway {

class SqliteDatabase final : public Database {
 public:
  // Makes the file, for this user alone, where there is none; its folder exists. UNAVAILABLE:
  // another process has it. DATA_LOSS: it is damaged, or no database.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& file);
  ~SqliteDatabase() override;

  absl::StatusOr<Rows> Query(const std::string& sql, const std::vector<SqlValue>& values) override;
  absl::Status Script(const std::string& sql) override;
  absl::Status Transaction(absl::FunctionRef<absl::Status()> body) override;
  const Dialect& dialect() const override;

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit SqliteDatabase(std::string file) : file_(std::move(file)) {}
  absl::Status Lock();
  absl::Status OpenFile();
  absl::StatusOr<sqlite3_stmt*> Prepared(const std::string& sql);
  bool Bind(sqlite3_stmt* statement, const std::vector<SqlValue>& values);
  absl::Status Failure() const;

  const std::string file_;
  int lock_ = -1;
  std::unique_ptr<sqlite3, Close> connection_;
  std::unordered_map<std::string, Statement> statements_;  // each text is one of the store's
};

}  // namespace chains::gateway
