#include "deploy/apiserver/informer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "chains/core/timing.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kFirstWait = absl::Milliseconds(100);
constexpr absl::Duration kLongestWait = absl::Seconds(10);

// Whether a version is older than another one. Kubernetes compares them as numbers since 1.35
// (apimachinery, resourceversion.CompareResourceVersion); what is none is never older.
bool IsOlder(const std::string& version, const std::string& than) {
  uint64_t one = 0;
  uint64_t other = 0;
  return absl::SimpleAtoi(version, &one) && absl::SimpleAtoi(than, &other) && one < other;
}

}  // namespace

const Json* Informer::Find(const std::string& name) const {
  const auto found = objects_.find(name);
  return found == objects_.end() ? nullptr : &found->second;
}

Task<void> Informer::Run() {
  absl::Duration wait = kFirstWait;
  while (true) {
    const absl::StatusOr<internal::Unit> outcome = co_await Outcome(Once());
    if (progressed_) wait = kFirstWait;
    if (outcome.ok() && progressed_) continue;
    // A watch that brought something and was lost goes on where it was. One that brought nothing
    // may be at a version that this server never heard of: only a list tells.
    if (!outcome.ok() && (!progressed_ || absl::IsOutOfRange(outcome.status()))) {
      resource_version_.clear();
      if (!absl::IsOutOfRange(outcome.status())) SetProblem(outcome.status());
    }
    co_await Sleep(api_.Jittered(wait));
    wait = std::min(wait * 2, kLongestWait);
  }
}

// Lists where it must, then watches until that ends.
Task<void> Informer::Once() {
  progressed_ = false;
  if (resource_version_.empty()) co_await ListAll();
  co_await Follow();
}

Task<void> Informer::ListAll() {
  ObjectList list = co_await api_.List(what_.kind, what_.in_namespace, what_.label_selector);
  std::map<std::string, Json> listed;
  for (Json& object : list.items) {
    std::string name = NameOf(object);
    listed.insert_or_assign(std::move(name), std::move(object));
  }
  // What was noted while the list was on its way is newer than the list.
  for (auto& [name, object] : objects_) {
    if (IsOlder(list.resource_version, ResourceVersionOf(object))) {
      listed.insert_or_assign(name, std::move(object));
    }
  }
  objects_ = std::move(listed);
  resource_version_ = std::move(list.resource_version);
  synced_ = true;
  problem_ = absl::OkStatus();
  changed_.Give();
}

Task<void> Informer::Follow() {
  Stream<WatchEvent> events =
      api_.Watch(what_.kind, what_.in_namespace, what_.label_selector, resource_version_);
  while (std::optional<WatchEvent> event = co_await events.Next()) {
    progressed_ = true;
    SetProblem(absl::OkStatus());
    Take(*std::move(event));
  }
}

void Informer::Take(WatchEvent event) {
  const std::string version = ResourceVersionOf(event.object);
  if (event.type == WatchEvent::Type::kDeleted) {
    const auto known = objects_.find(NameOf(event.object));
    // What was noted since may be another one of the same name.
    if (known != objects_.end() && !IsOlder(version, ResourceVersionOf(known->second))) {
      objects_.erase(known);
      changed_.Give();
    }
  } else if (event.type != WatchEvent::Type::kBookmark) {
    Keep(std::move(event.object));
  }
  if (!version.empty()) resource_version_ = version;
}

void Informer::Note(Json object) {
  const std::string version = ResourceVersionOf(object);
  // All until there has been seen already, so this was changed or deleted since.
  if (version == resource_version_ || IsOlder(version, resource_version_)) return;
  Keep(std::move(object));
}

void Informer::Keep(Json object) {
  std::string name = NameOf(object);
  if (name.empty()) return;
  const auto known = objects_.find(name);
  if (known != objects_.end()) {
    const std::string had = ResourceVersionOf(known->second);
    const std::string has = ResourceVersionOf(object);
    if (has == had || IsOlder(has, had)) return;
  }
  objects_.insert_or_assign(std::move(name), std::move(object));
  changed_.Give();
}

void Informer::SetProblem(absl::Status problem) {
  if (problem == problem_) return;
  problem_ = std::move(problem);
  changed_.Give();
}

}  // namespace chains::deploy
