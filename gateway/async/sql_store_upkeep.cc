// What a store does beside jobs themselves: their webhooks, leases that are given back, and the end
// of what has been kept for long enough.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "gateway/async/postgres_database.h"
#include "gateway/async/sql_store.h"
#include "gateway/async/sqlite_database.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kSqlite = "sqlite:";
constexpr int64_t kForgottenAtOnce = 500;

uint64_t Positive(int64_t number) { return number < 0 ? 0 : static_cast<uint64_t>(number); }

}  // namespace

absl::StatusOr<std::vector<DeliveryRecord>> SqlJobStore::DeliveriesOf(const std::string& id) {
  const absl::StatusOr<Rows> rows = database_->Query(
      "SELECT attempt, at, status, error FROM async_deliveries WHERE id = $1 ORDER BY attempt",
      {id});
  if (!rows.ok()) return rows.status();
  std::vector<DeliveryRecord> records;
  for (const Row& row : *rows) {
    records.push_back({.attempt = static_cast<int>(row.Integer(0)),
                       .at = absl::FromUnixMicros(row.Integer(1)),
                       .status = static_cast<int>(row.Integer(2)),
                       .error = row.Text(3)});
  }
  return records;
}

absl::StatusOr<std::vector<LeasedDelivery>> SqlJobStore::LeaseDeliveries(const Order& order) {
  const std::string lease = NewJobId();
  const absl::StatusOr<Rows> rows = database_->Query(
      Text("WITH picked AS MATERIALIZED (SELECT id FROM async_jobs WHERE webhook_state = 1"
           " AND webhook_due <= $1 ORDER BY webhook_due LIMIT $2",
           database_->dialect().skip_locked,
           ") UPDATE async_jobs SET webhook_attempts = webhook_attempts + 1, webhook_lease = $3,"
           " webhook_owner = $4, webhook_due = $5 FROM picked WHERE async_jobs.id = picked.id"
           " RETURNING async_jobs.id, webhook, webhook_attempts"),
      {absl::ToUnixMicros(order.now), static_cast<int64_t>(order.most), lease, order.owner,
       absl::ToUnixMicros(order.until)});
  if (!rows.ok()) return rows.status();
  std::vector<LeasedDelivery> deliveries;
  for (const Row& row : *rows) {
    absl::StatusOr<std::optional<JobView>> job = Find(row.Text(0));
    if (!job.ok()) return job.status();
    if (!job->has_value()) continue;
    deliveries.push_back({.lease = lease,
                          .url = row.Text(1),
                          .attempts = static_cast<int>(row.Integer(2)),
                          .job = **std::move(job)});
  }
  return deliveries;
}

absl::StatusOr<bool> SqlJobStore::Delivered(const std::string& id, const std::string& lease,
                                            const DeliveryEnd& end) {
  const absl::StatusOr<bool> changed = Changes(
      "UPDATE async_jobs SET webhook_state = $1, webhook_due = $2, webhook_lease = '',"
      " webhook_owner = '' WHERE id = $3 AND webhook_lease = $4 AND webhook_state = 1 RETURNING id",
      {static_cast<int64_t>(end.state), absl::ToUnixMicros(end.again), id, lease});
  if (!changed.ok() || !*changed) return changed;
  const absl::StatusOr<Rows> logged = database_->Query(
      "INSERT INTO async_deliveries(id, attempt, at, status, error) VALUES($1, $2, $3, $4, $5)",
      {id, int64_t{end.record.attempt}, absl::ToUnixMicros(end.record.at),
       int64_t{end.record.status}, end.record.error});
  if (!logged.ok()) return logged.status();
  return true;
}

// A job that is given back in order has lost nothing; one of a process that is gone has lost a run.
absl::Status SqlJobStore::Release(const std::string& owner, absl::Time now) {
  const bool all = owner.empty();
  const absl::StatusOr<Rows> jobs = database_->Query(
      "UPDATE async_jobs SET state = 0, due = $1, changed = $1, lease = '', owner = '',"
      " losses = losses + $2, attempts = attempts - $3,"
      " expires = CASE WHEN $2 = 1 AND expires < $5 THEN $5 ELSE expires END"
      " WHERE state < 2 AND state = 1 AND (owner = $4 OR $2 = 1)",
      {absl::ToUnixMicros(now), int64_t{all ? 1 : 0}, int64_t{all ? 0 : 1}, owner,
       absl::ToUnixMicros(now + kAfterLoss)});
  if (!jobs.ok()) return jobs.status();
  return database_
      ->Query(
          "UPDATE async_jobs SET webhook_due = $1, webhook_lease = '', webhook_owner = ''"
          " WHERE webhook_state = 1 AND webhook_owner <> '' AND (webhook_owner = $2 OR $3 = 1)",
          {absl::ToUnixMicros(now), owner, int64_t{all ? 1 : 0}})
      .status();
}

absl::StatusOr<JobStore::Totals> SqlJobStore::Tidy(absl::Time now, const Limits& limits) {
  const absl::StatusOr<Rows> expired = database_->Query(
      "UPDATE async_jobs SET state = 4, changed = $1, webhook_due = $1, bytes = 0, lease = ''"
      " WHERE state < 2 AND state = 0 AND attempts = 0 AND expires <= $1 RETURNING id",
      {absl::ToUnixMicros(now)});
  if (!expired.ok()) return expired.status();
  JobEnd end;
  end.error = R"({"code":"DEADLINE_EXCEEDED","message":"nobody had begun with it when its )"
              R"(max_time_in_queue_seconds were over"})";
  for (const Row& row : *expired) {
    if (absl::Status kept = Keep(row.Text(0), end); !kept.ok()) return kept;
  }
  const absl::StatusOr<Rows> rows = database_->Query(
      "SELECT count(CASE WHEN state < 2 THEN 1 END),"
      " CAST(coalesce(sum(CASE WHEN state < 2 THEN bytes END), 0) AS BIGINT),"
      " count(CASE WHEN state >= 2 THEN 1 END),"
      " CAST(coalesce(sum(CASE WHEN state >= 2 THEN bytes END), 0) AS BIGINT),"
      " count(CASE WHEN webhook_state = 1 AND state >= 2 THEN 1 END) FROM async_jobs",
      {});
  if (!rows.ok()) return rows.status();
  const Row& row = rows->front();
  Totals totals{.waiting = Positive(row.Integer(0)),
                .waiting_bytes = Positive(row.Integer(1)),
                .kept = Positive(row.Integer(2)),
                .kept_bytes = Positive(row.Integer(3)),
                .deliveries = Positive(row.Integer(4))};
  const absl::StatusOr<uint64_t> forgotten = Forget(now, limits, totals);
  if (!forgotten.ok()) return forgotten.status();
  totals.more = *forgotten >= Positive(kForgottenAtOnce);
  totals.kept -= std::min(totals.kept, *forgotten);
  return totals;
}

// By age, then the oldest that are too many, then the oldest whose bytes are too many.
absl::StatusOr<uint64_t> SqlJobStore::Forget(absl::Time now, const Limits& limits,
                                             const Totals& totals) {
  uint64_t excess = totals.kept > limits.rows ? totals.kept - limits.rows : 0;
  // How many more rows that is is known when they are gone: at least one a turn.
  if (totals.kept_bytes > limits.bytes && totals.kept > 0) {
    const uint64_t usual = std::max<uint64_t>(1, totals.kept_bytes / totals.kept);
    excess = std::max(excess, 1 + (totals.kept_bytes - limits.bytes) / usual);
  }
  const int64_t most = static_cast<int64_t>(std::min<uint64_t>(excess, kForgottenAtOnce));
  const absl::StatusOr<Rows> old = database_->Query(
      "DELETE FROM async_jobs WHERE id IN (SELECT id FROM async_jobs WHERE state >= 2"
      " AND webhook_state <> 1 AND changed < $1 ORDER BY changed LIMIT $2) RETURNING id",
      {absl::ToUnixMicros(now - limits.age), kForgottenAtOnce});
  if (!old.ok()) return old.status();
  if (most == 0) return old->size();
  const absl::StatusOr<Rows> many = database_->Query(
      "DELETE FROM async_jobs WHERE id IN (SELECT id FROM async_jobs WHERE state >= 2"
      " AND webhook_state <> 1 ORDER BY changed LIMIT $1) RETURNING id",
      {std::max<int64_t>(0, most - static_cast<int64_t>(old->size()))});
  if (!many.ok()) return many.status();
  return old->size() + many->size();
}

absl::StatusOr<std::optional<absl::Time>> SqlJobStore::NextDue() {
  const absl::StatusOr<Rows> rows = database_->Query(
      "SELECT coalesce(min(due), -1) FROM (SELECT due FROM async_jobs WHERE state < 2 AND state = 0"
      " UNION ALL SELECT webhook_due FROM async_jobs WHERE webhook_state = 1 AND state >= 2) AS "
      "next",
      {});
  if (!rows.ok()) return rows.status();
  const int64_t due = rows->front().Integer(0);
  if (due < 0) return std::nullopt;
  return absl::FromUnixMicros(due);
}

absl::StatusOr<std::unique_ptr<JobStore>> OpenJobStore(const std::string& url) {
  const bool is_file = absl::StartsWith(url, ToAbsl(kSqlite));
  if (!is_file && !absl::StartsWith(url, "postgresql://") &&
      !absl::StartsWith(url, "postgres://")) {
    return absl::InvalidArgumentError("a queue is sqlite:FILE or postgresql://USER@HOST/DATABASE");
  }
  absl::StatusOr<std::unique_ptr<Database>> database =
      is_file ? SqliteDatabase::Open(url.substr(kSqlite.size())) : PostgresDatabase::Open(url);
  if (!database.ok()) return database.status();
  absl::StatusOr<std::unique_ptr<JobStore>> store = SqlJobStore::Create(*std::move(database));
  if (!store.ok() || !is_file) return store;
  JobStore& opened = **store;
  const absl::Status released = opened.Transaction([&] { return opened.Release("", absl::Now()); });
  if (!released.ok()) return released;
  return store;
}

}  // namespace chains::gateway
