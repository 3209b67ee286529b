// Database: SQL of which SQLite and PostgreSQL mean the same, so that one JobStore is for both.
//
//   absl::StatusOr<Rows> rows = database.Query("SELECT id FROM t WHERE n = $1", {int64_t{3}});
//   for (const Row& row : *rows) Use(row.Text(0));
//
// Parameters are $1, $2, …; there are no NULLs. For one thread at a time; blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::gateway {

struct Blob {
  std::string_view bytes;
};
// What is viewed outlives the query.
using SqlValue = std::variant<int64_t, std::string_view, Blob>;

class Row {
 public:
  using Cell = std::variant<int64_t, std::string>;
  explicit Row(std::vector<Cell> cells) : cells_(std::move(cells)) {}
  // Of a column of the other type: 0, "".
  int64_t Integer(size_t column) const {
    const auto* number = std::get_if<int64_t>(&cells_[column]);
    return number == nullptr ? 0 : *number;
  }
  std::string Text(size_t column) const {
    const auto* text = std::get_if<std::string>(&cells_[column]);
    return text == nullptr ? "" : *text;
  }

 private:
  std::vector<Cell> cells_;
};
using Rows = std::vector<Row>;

class Database {
 public:
  virtual ~Database() = default;

  // One statement.
  virtual absl::StatusOr<Rows> Query(const std::string& sql,
                                     const std::vector<SqlValue>& values) = 0;
  // Several, without parameters.
  virtual absl::Status Script(const std::string& sql) = 0;
  // All that `body` does, on disk when it answers OK, or nothing of it, when it or the commit
  // fails.
  virtual absl::Status Transaction(absl::FunctionRef<absl::Status()> body) = 0;

  struct Dialect {
    std::string_view blob;         // the type of bytes
    std::string_view skip_locked;  // behind a SELECT of what is taken next
    std::string_view make_schema;  // before the schema is looked at: who else does so waits
    bool shared = false;           // other gateways may use it at the same time
  };
  virtual const Dialect& dialect() const = 0;
};

}  // namespace chains::gateway
