#include "deploy/state/sqlite_store.h"

#include <initializer_list>
#include <string_view>
#include <utility>

#include <google/protobuf/message_lite.h>

#include "chains/core/text.h"
#include "deploy/state/schema.h"

namespace chains::deploy {
namespace {

template <typename Record>
absl::Status LoadAll(Database& database, std::string_view what, const char* sql,
                     std::vector<Record>& into) {
  return database.Each(sql, [&](const Database::Row& row) -> absl::Status {
    if (into.emplace_back().ParseFromArray(row.record.data(),
                                           static_cast<int>(row.record.size()))) {
      return absl::OkStatus();
    }
    return absl::DataLossError(Text("'", database.file(), "': the record of the ", what, " '",
                                    row.name,
                                    "' cannot be read: bring back a copy of the file, or move it "
                                    "away to begin with nothing deployed"));
  });
}

absl::Status Put(Database& database, const char* sql, std::initializer_list<std::string_view> key,
                 const google::protobuf::MessageLite& record) {
  const std::string bytes = record.SerializeAsString();
  // Protobuf writes strings that are not UTF-8, and does not read them again.
  const std::unique_ptr<google::protobuf::MessageLite> readable(record.New());
  if (!readable->ParseFromString(bytes)) {
    return absl::InvalidArgumentError(
        Text("a ", record.GetTypeName(), " has text that is not UTF-8"));
  }
  return database.Run(sql, key, bytes);
}

absl::Status DeleteAll(Database& database, const char* sql, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (absl::Status status = database.Run(sql, {key}); !status.ok()) return status;
  }
  return absl::OkStatus();
}

template <typename Record>
absl::Status PutAll(Database& database, const char* sql, const std::vector<Record>& records) {
  for (const Record& record : records) {
    if (absl::Status status = Put(database, sql, {record.name()}, record); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status DeleteIn(Database& database, const Store::Change& change) {
  absl::Status status =
      DeleteAll(database, "DELETE FROM deployments WHERE id = ?", change.delete_deployments);
  for (const Store::Change::Environment& each : change.delete_environments) {
    if (!status.ok()) return status;
    status = database.Run("DELETE FROM environments WHERE chain = ? AND name = ?",
                          {each.chain, each.name});
  }
  if (!status.ok()) return status;
  status = DeleteAll(database, "DELETE FROM keys WHERE name = ?", change.delete_keys);
  if (!status.ok()) return status;
  return DeleteAll(database, "DELETE FROM secrets WHERE name = ?", change.delete_secrets);
}

absl::Status PutIn(Database& database, const Store::Change& change) {
  absl::Status status;
  for (const state::DeploymentRecord& each : change.put_deployments) {
    if (!status.ok()) return status;
    status = Put(database, "REPLACE INTO deployments VALUES(?, ?)", {each.id()}, each);
  }
  for (const state::EnvironmentRecord& each : change.put_environments) {
    if (!status.ok()) return status;
    status = Put(database, "REPLACE INTO environments VALUES(?, ?, ?)", {each.chain(), each.name()},
                 each);
  }
  if (!status.ok()) return status;
  status = PutAll(database, "REPLACE INTO keys VALUES(?, ?)", change.put_keys);
  if (!status.ok()) return status;
  return PutAll(database, "REPLACE INTO secrets VALUES(?, ?)", change.put_secrets);
}

}  // namespace

SqliteStore::SqliteStore(FileLock lock, std::unique_ptr<Database> database)
    : lock_(std::move(lock)), database_(std::move(database)) {}

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::filesystem::path& file) {
  absl::StatusOr<FileLock> lock = FileLock::Take(file.string() + ".lock");
  if (!lock.ok()) return lock.status();
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(file);
  if (!database.ok()) return database.status();
  if (absl::Status status = Migrate(**database, CurrentSchema()); !status.ok()) return status;
  return std::unique_ptr<SqliteStore>(new SqliteStore(*std::move(lock), *std::move(database)));
}

absl::StatusOr<Store::Contents> SqliteStore::Load() {
  const std::lock_guard lock(mutex_);
  Contents all;
  absl::Status status = LoadAll(*database_, "deployment",
                                "SELECT id, record FROM deployments ORDER BY id", all.deployments);
  if (!status.ok()) return status;
  status = LoadAll(*database_, "environment",
                   "SELECT chain || '/' || name, record FROM environments ORDER BY chain, name",
                   all.environments);
  if (!status.ok()) return status;
  status = LoadAll(*database_, "key", "SELECT name, record FROM keys ORDER BY name", all.keys);
  if (!status.ok()) return status;
  status =
      LoadAll(*database_, "secret", "SELECT name, record FROM secrets ORDER BY name", all.secrets);
  if (!status.ok()) return status;
  return all;
}

absl::Status SqliteStore::Apply(const Change& change) {
  if (change.empty()) return absl::OkStatus();
  const std::lock_guard lock(mutex_);
  return database_->Transaction([&]() -> absl::Status {
    if (absl::Status status = DeleteIn(*database_, change); !status.ok()) return status;
    return PutIn(*database_, change);
  });
}

}  // namespace chains::deploy
