// Database: one file of SQLite, as little of it as the platform's state needs.
//
//   auto database = Database::Open("/home/ada/.chains/platform.db");
//   absl::Status done = (*database)->Transaction([&] {
//     return (*database)->Run("DELETE FROM keys WHERE name = ?", {"laptop"});
//   });
//
// What is committed is on disk (WAL, synchronous=FULL). Every failure names the file and what to do
// next: DATA_LOSS for a damaged file, RESOURCE_EXHAUSTED for a full disk, PERMISSION_DENIED where
// the file or its folder is not to be written, UNAVAILABLE while another program holds the file.
// After any failure but DATA_LOSS the database goes on working, once the reason is gone.
//
// For one thread at a time; blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::deploy {

class Database {
 public:
  struct Row {
    std::string_view name;    // the first column
    std::string_view record;  // the second
  };

  // Makes the file, for this user alone, where there is none; its folder exists. Looks through what
  // is there: a file that is damaged or no database is DATA_LOSS.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::filesystem::path& file);

  // One or more statements without parameters.
  absl::Status RunScript(const std::string& sql);
  // One statement; the parameters are its texts in order, then its record.
  absl::Status Run(const char* sql, std::initializer_list<std::string_view> texts);
  absl::Status Run(const char* sql, std::initializer_list<std::string_view> texts,
                   std::string_view record);
  // A number that a query answers.
  absl::StatusOr<int64_t> Number(const char* sql);
  // Every row of a query of two columns; ends with the first failure of `each`.
  absl::Status Each(const char* sql, absl::FunctionRef<absl::Status(const Row&)> each);
  // All that `body` does, or nothing of it, when it or the commit fails.
  absl::Status Transaction(absl::FunctionRef<absl::Status()> body);

  const std::string& file() const { return file_; }

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit Database(std::string file) : file_(std::move(file)) {}
  absl::Status Configure();
  absl::Status LookThrough();
  absl::StatusOr<Statement> Prepare(const char* sql);
  absl::Status BindTexts(sqlite3_stmt* statement, std::initializer_list<std::string_view> texts);
  absl::Status RunToEnd(sqlite3_stmt* statement);
  // What SQLite says went wrong last.
  absl::Status Failure();

  std::string file_;
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace chains::deploy
