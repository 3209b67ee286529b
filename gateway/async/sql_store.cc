#include "gateway/async/sql_store.h"

#include <algorithm>
#include <tuple>

#include "chains/core/text.h"
#include "gateway/async/sql_schema.h"

namespace chains::gateway {
namespace {

int64_t Micros(absl::Time time) { return absl::ToUnixMicros(time); }
int64_t Micros(absl::Duration time) { return absl::ToInt64Microseconds(time); }
absl::Time TimeOf(int64_t micros) { return absl::FromUnixMicros(micros); }

int64_t Number(JobState state) { return static_cast<int64_t>(state); }
int64_t Number(WebhookState state) { return static_cast<int64_t>(state); }

std::vector<std::string> FirstColumn(const Rows& rows) {
  std::vector<std::string> texts;
  texts.reserve(rows.size());
  for (const Row& row : rows) texts.push_back(row.Text(0));
  return texts;
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobStore>> SqlJobStore::Create(std::unique_ptr<Database> database) {
  if (absl::Status made = MakeSchema(*database); !made.ok()) return made;
  return std::unique_ptr<JobStore>(new SqlJobStore(std::move(database)));
}

absl::Status SqlJobStore::Transaction(absl::FunctionRef<absl::Status()> body) {
  return database_->Transaction(body);
}

absl::StatusOr<bool> SqlJobStore::Changes(const std::string& sql,
                                          const std::vector<SqlValue>& values) {
  const absl::StatusOr<Rows> rows = database_->Query(sql, values);
  if (!rows.ok()) return rows.status();
  return !rows->empty();
}

absl::StatusOr<JobStore::Accepted> SqlJobStore::Add(const NewJob& job) {
  const auto webhook = job.webhook.empty() ? WebhookState::kNone : WebhookState::kPending;
  // A webhook is told when the job has ended: until then its time is far away.
  constexpr int64_t kNotYet = int64_t{1} << 62;
  const absl::StatusOr<bool> added = Changes(
      "INSERT INTO async_jobs(id, chain, deployment, name, method, headers, state, priority,"
      " created, expires, due, changed, timeout, attempts, losses, max_attempts, initial_delay,"
      " max_delay, lease, owner, idempotency, fingerprint, bytes, webhook, webhook_state,"
      " webhook_due, webhook_attempts, webhook_lease, webhook_owner)"
      " VALUES($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $8, $8, $10, 0, 0, $11, $12, $13, '', '',"
      " $14, $15, $16, $17, $18, $19, 0, '', '')"
      " ON CONFLICT(idempotency) WHERE idempotency <> '' DO NOTHING RETURNING id",
      {job.id, job.place.chain, int64_t{job.place.deployment}, job.place.name, job.method,
       Blob{job.headers}, int64_t{job.priority}, Micros(job.created),
       Micros(job.created + job.max_time_in_queue), Micros(job.timeout),
       int64_t{job.retries.max_attempts}, Micros(job.retries.initial_delay),
       Micros(job.retries.max_delay), job.idempotency, job.fingerprint,
       static_cast<int64_t>(job.input.size()), job.webhook, Number(webhook), kNotYet});
  if (!added.ok()) return added.status();
  if (!*added) return Existing(job);
  const absl::StatusOr<Rows> input = database_->Query(
      "INSERT INTO async_inputs(id, input) VALUES($1, $2)", {job.id, Blob{job.input}});
  if (!input.ok()) return input.status();
  return Accepted{.id = job.id};
}

absl::StatusOr<JobStore::Accepted> SqlJobStore::Existing(const NewJob& job) {
  const absl::StatusOr<Rows> rows = database_->Query(
      "SELECT id, fingerprint FROM async_jobs WHERE idempotency = $1", {job.idempotency});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) {
    return absl::UnavailableError("the job of this Idempotency-Key is being forgotten; ask again");
  }
  if (rows->front().Text(1) != job.fingerprint) {
    return absl::AlreadyExistsError(Text("this Idempotency-Key was given with another request, ",
                                         rows->front().Text(0), "; a new request needs a new key"));
  }
  return Accepted{.id = rows->front().Text(0), .existed = true};
}

absl::StatusOr<std::string> SqlJobStore::InputOf(const std::string& id) {
  const absl::StatusOr<Rows> rows =
      database_->Query("SELECT input FROM async_inputs WHERE id = $1", {id});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return absl::DataLossError(Text("the input of ", id, " is not in the queue"));
  return rows->front().Text(0);
}

absl::StatusOr<std::vector<LeasedJob>> SqlJobStore::Lease(const Order& order) {
  // The lease's name is of this turn: an owner that takes a job twice has two leases.
  const std::string lease = NewJobId();
  const absl::StatusOr<Rows> rows = database_->Query(
      Text("WITH picked AS MATERIALIZED (SELECT id FROM async_jobs WHERE state < 2 AND due <= $1"
           " AND (attempts > 0 OR expires > $1) ORDER BY priority, created, id LIMIT $2",
           database_->dialect().skip_locked,
           ") UPDATE async_jobs SET losses = losses + state, state = 1, attempts = attempts + 1,"
           " lease = $3, owner = $4, due = $5, changed = $1,"
           " expires = CASE WHEN state = 1 AND expires < $6 THEN $6 ELSE expires END FROM picked"
           " WHERE async_jobs.id = picked.id RETURNING async_jobs.id, chain, deployment, name,"
           " method, headers, timeout, max_attempts, initial_delay, max_delay, attempts, losses,"
           " created, expires, priority"),
      {Micros(order.now), static_cast<int64_t>(order.most), lease, order.owner, Micros(order.until),
       Micros(order.now + kAfterLoss)});
  if (!rows.ok()) return rows.status();
  std::vector<std::pair<int64_t, LeasedJob>> jobs;
  for (const Row& row : *rows) {
    LeasedJob job;
    job.id = row.Text(0);
    job.lease = lease;
    job.place = {.chain = row.Text(1), .deployment = row.Integer(2) != 0, .name = row.Text(3)};
    job.method = row.Text(4);
    job.headers = row.Text(5);
    job.timeout = absl::Microseconds(row.Integer(6));
    job.retries = {.max_attempts = static_cast<int>(row.Integer(7)),
                   .initial_delay = absl::Microseconds(row.Integer(8)),
                   .max_delay = absl::Microseconds(row.Integer(9))};
    job.attempts = static_cast<int>(row.Integer(10));
    job.losses = static_cast<int>(row.Integer(11));
    job.created = TimeOf(row.Integer(12));
    job.expires = TimeOf(row.Integer(13));
    absl::StatusOr<std::string> input = InputOf(job.id);
    if (!input.ok()) return input.status();
    job.input = *std::move(input);
    jobs.emplace_back(row.Integer(14), std::move(job));
  }
  // RETURNING keeps no order.
  std::sort(jobs.begin(), jobs.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second.created, a.second.id) <
           std::tie(b.first, b.second.created, b.second.id);
  });
  std::vector<LeasedJob> sorted;
  for (auto& [priority, job] : jobs) sorted.push_back(std::move(job));
  return sorted;
}

absl::StatusOr<std::vector<std::string>> SqlJobStore::Renew(const std::string& owner,
                                                            absl::Time until) {
  const absl::StatusOr<Rows> rows = database_->Query(
      "UPDATE async_jobs SET due = $1 WHERE state < 2 AND state = 1 AND owner = $2 RETURNING id",
      {Micros(until), owner});
  if (!rows.ok()) return rows.status();
  return FirstColumn(*rows);
}

absl::StatusOr<bool> SqlJobStore::Finish(const std::string& id, const std::string& lease,
                                         const JobEnd& end, absl::Time now) {
  const bool again = end.state == JobState::kQueued;
  const absl::StatusOr<bool> changed = Changes(
      "UPDATE async_jobs SET state = $1, attempts = attempts - $2, losses = losses + $3, lease = "
      "'',"
      " owner = '', due = $4, changed = $5, webhook_due = CASE $1 WHEN 0 THEN webhook_due ELSE $5 "
      "END,"
      " bytes = CASE $1 WHEN 0 THEN bytes ELSE $6 END"
      " WHERE id = $7 AND lease = $8 AND state = 1 RETURNING id",
      {Number(end.state), int64_t{end.counts ? 0 : 1}, int64_t{end.lost ? 1 : 0},
       Micros(again ? end.again : now), Micros(now),
       static_cast<int64_t>(end.result.size() + end.error.size()), id, lease});
  if (!changed.ok() || !*changed) return changed;
  if (!again) {
    if (absl::Status kept = Keep(id, end); !kept.ok()) return kept;
  }
  return true;
}

absl::Status SqlJobStore::Keep(const std::string& id, const JobEnd& end) {
  const absl::StatusOr<Rows> kept =
      database_->Query("INSERT INTO async_results(id, result, error) VALUES($1, $2, $3)",
                       {id, Blob{end.result}, Blob{end.error}});
  if (!kept.ok()) return kept.status();
  return database_->Query("DELETE FROM async_inputs WHERE id = $1", {id}).status();
}

absl::StatusOr<std::optional<JobView>> SqlJobStore::Cancel(const std::string& id, absl::Time now) {
  const absl::StatusOr<bool> canceled = Changes(
      "UPDATE async_jobs SET state = 5, lease = '', owner = '', due = $1, changed = $1,"
      " bytes = 0, webhook_state = CASE webhook_state WHEN 1 THEN 4 ELSE webhook_state END"
      " WHERE id = $2 AND state < 2 RETURNING id",
      {Micros(now), id});
  if (!canceled.ok()) return canceled.status();
  if (*canceled) {
    JobEnd end;
    end.error = R"({"code":"CANCELLED","message":"it was canceled"})";
    if (absl::Status kept = Keep(id, end); !kept.ok()) return kept;
  }
  return Find(id);
}

absl::StatusOr<std::optional<JobView>> SqlJobStore::Find(const std::string& id) {
  const absl::StatusOr<Rows> rows = database_->Query(
      "SELECT async_jobs.id, chain, deployment, name, method, state, webhook_state, priority,"
      " attempts, created, changed, expires, coalesce(result, $2), coalesce(error, $2)"
      " FROM async_jobs LEFT JOIN async_results ON async_results.id = async_jobs.id"
      " WHERE async_jobs.id = $1",
      {id, Blob{}});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::nullopt;
  const Row& row = rows->front();
  JobView view;
  view.id = row.Text(0);
  view.place = {.chain = row.Text(1), .deployment = row.Integer(2) != 0, .name = row.Text(3)};
  view.method = row.Text(4);
  view.state = static_cast<JobState>(row.Integer(5));
  view.webhook_state = static_cast<WebhookState>(row.Integer(6));
  view.priority = static_cast<int>(row.Integer(7));
  view.attempts = static_cast<int>(row.Integer(8));
  view.created = TimeOf(row.Integer(9));
  view.changed = TimeOf(row.Integer(10));
  view.expires = TimeOf(row.Integer(11));
  view.result = row.Text(12);
  view.error = row.Text(13);
  absl::StatusOr<std::vector<DeliveryRecord>> deliveries = DeliveriesOf(id);
  if (!deliveries.ok()) return deliveries.status();
  view.deliveries = *std::move(deliveries);
  return view;
}

}  // namespace chains::gateway
