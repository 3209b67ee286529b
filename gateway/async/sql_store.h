// SqlJobStore: jobs in tables, the same ones in SQLite and in PostgreSQL.
//
//   absl::StatusOr<std::unique_ptr<JobStore>> store = OpenJobStore("sqlite:/home/ada/async.db");
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "gateway/async/database.h"
#include "gateway/async/store.h"

namespace chains::gateway {

class SqlJobStore final : public JobStore {
 public:
  // Makes its tables where there are none.
  static absl::StatusOr<std::unique_ptr<JobStore>> Create(std::unique_ptr<Database> database);

  absl::Status Transaction(absl::FunctionRef<absl::Status()> body) override;
  absl::StatusOr<Accepted> Add(const NewJob& job) override;
  absl::StatusOr<std::optional<JobView>> Find(const std::string& id) override;
  absl::StatusOr<std::optional<JobView>> Cancel(const std::string& id, absl::Time now) override;
  absl::StatusOr<std::vector<LeasedJob>> Lease(const Order& order) override;
  absl::StatusOr<std::vector<std::string>> Renew(const std::string& owner,
                                                 absl::Time until) override;
  absl::StatusOr<bool> Finish(const std::string& id, const std::string& lease, const JobEnd& end,
                              absl::Time now) override;
  absl::StatusOr<std::vector<LeasedDelivery>> LeaseDeliveries(const Order& order) override;
  absl::StatusOr<bool> Delivered(const std::string& id, const std::string& lease,
                                 const DeliveryEnd& end) override;
  absl::Status Release(const std::string& owner, absl::Time now) override;
  absl::StatusOr<Totals> Tidy(absl::Time now, const Limits& limits) override;
  absl::StatusOr<std::optional<absl::Time>> NextDue() override;

 private:
  explicit SqlJobStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  // Whether the statement changed a row: it ends with RETURNING.
  absl::StatusOr<bool> Changes(const std::string& sql, const std::vector<SqlValue>& values);
  absl::StatusOr<Accepted> Existing(const NewJob& job);
  absl::StatusOr<std::string> InputOf(const std::string& id);
  absl::Status Keep(const std::string& id, const JobEnd& end);
  absl::StatusOr<std::vector<DeliveryRecord>> DeliveriesOf(const std::string& id);
  absl::StatusOr<uint64_t> Forget(absl::Time now, const Limits& limits, const Totals& totals);

  const std::unique_ptr<Database> database_;
};

// "sqlite:FILE" or "postgresql://…", of gateways on one machine or several. What a process that is
// gone held in a file of SQLite is given back. INVALID_ARGUMENT: it is neither.
absl::StatusOr<std::unique_ptr<JobStore>> OpenJobStore(const std::string& url);

}  // namespace chains::gateway
