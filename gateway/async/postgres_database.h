// PostgresDatabase: one connection to a server of PostgreSQL, which several gateways share.
//
//   auto database = PostgresDatabase::Open("postgresql://chains@db.example/chains");
//
// A connection that broke is made anew with the next query outside a transaction. Every wait is
// bounded: 5 s to connect, 10 s for a statement. What is committed is on the server's disk: a
// session whose synchronous_commit is off turns it on.
#pragma once

#include <memory>
#include <string>

#include <libpq-fe.h>

#include "absl/status/statusor.h"
#include "gateway/async/database.h"

namespace chains::gateway {

class PostgresDatabase final : public Database {
 public:
  // `url` as libpq takes it. INVALID_ARGUMENT: it is none; else as Query() fails. Messages never
  // hold the password.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& url);

  absl::StatusOr<Rows> Query(const std::string& sql, const std::vector<SqlValue>& values) override;
  absl::Status Script(const std::string& sql) override;
  absl::Status Transaction(absl::FunctionRef<absl::Status()> body) override;
  const Dialect& dialect() const override;

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Result = std::unique_ptr<PGresult, Clear>;

  explicit PostgresDatabase(std::string url) : url_(std::move(url)) {}
  absl::Status Connect();
  absl::Status Connected();
  absl::Status Commit();
  absl::Status FailureOf(const PGresult* result) const;
  std::string Where() const;

  const std::string url_;
  std::unique_ptr<PGconn, Close> connection_;
  bool in_transaction_ = false;
};

}  // namespace chains::gateway
