#include "deploy/state/kubernetes_store.h"

#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "chains/core/all.h"
#include "chains/core/text.h"
#include "chains/core/wait.h"
#include "deploy/state/kubernetes_records.h"

namespace chains::deploy {
namespace {

// Another writer may be at work still; not for ever.
constexpr int kTakeOvers = 10;
// What was not removed is tried again with the next change, up to so many; the rest is left to the
// next who loads.
constexpr size_t kMostGarbage = 10'000;
constexpr size_t kRemovedAtOnce = 16;

absl::StatusOr<std::string> RandomHex() {
  std::string bytes(6, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) !=
      1) {
    return absl::InternalError("the system has no random numbers");
  }
  return absl::BytesToHexString(bytes);
}

}  // namespace

class KubernetesStore::Impl {
 public:
  Impl(ApiClient& api, Options options)
      : api_(api),
        options_(std::move(options)),
        place_{.in_namespace = options_.in_namespace, .prefix = options_.prefix} {}

  absl::StatusOr<Contents> Load() {
    const std::lock_guard lock(mutex_);
    return Run(TakeOver(), options_.timeout * 2);
  }

  absl::Status Apply(const Change& change) {
    if (change.empty()) return absl::OkStatus();
    const std::lock_guard lock(mutex_);
    return Run(Keep(change), options_.timeout).status();
  }

 private:
  template <typename T>
  absl::StatusOr<chains::internal::Stored<T>> Run(Task<T> task, absl::Duration timeout) {
    const std::unique_ptr<LocalLoop> loop =
        options_.make_loop ? options_.make_loop() : std::make_unique<LocalLoop>(workers_);
    return Wait(std::move(task), *loop, Context(loop->Now() + timeout, "", {}));
  }

  std::string NameOfHead() const { return HeadName(place_); }

  absl::Status TakenOver() const {
    return absl::AbortedError(Text("another platform has taken over the records '", place_.prefix,
                                   "' in the namespace '", place_.in_namespace,
                                   "': this one must end"));
  }

  Task<Json> GetHead() { return api_.Get(kinds::kSecret, place_.in_namespace, NameOfHead()); }

  // The head as it is; makes the first one.
  Task<Json> FetchHead() {
    absl::StatusOr<Json> head = co_await Outcome(GetHead());
    if (!absl::IsNotFound(head.status())) co_return head;
    const ObjectList left =
        co_await api_.List(kinds::kSecret, place_.in_namespace, SelectorOf(place_));
    if (!left.items.empty()) {
      // Somebody else may have made it, and changes, in between.
      head = co_await Outcome(GetHead());
      if (!absl::IsNotFound(head.status())) co_return head;
      co_return absl::DataLossError(Text(
          "the Secret ", place_.in_namespace, "/", NameOfHead(), " is missing, and ",
          left.items.size(), " records that it named are there: bring back a copy of it, or ",
          "remove Secrets with the label ", SelectorOf(place_), " to begin with nothing deployed"));
    }
    state::StoreHead first;
    first.set_version(1);
    Json secret = co_await ToSecret(place_, first, "");
    head = co_await Outcome(api_.Create(std::move(secret)));
    // Somebody else was quicker; or it was this one, and the answer was lost.
    if (!absl::IsAlreadyExists(head.status())) co_return head;
    co_return co_await GetHead();
  }

  Task<Contents> TakeOver() {
    writer_ = co_await RandomHex();
    loaded_ = taken_over_ = false;
    garbage_.clear();
    unsure_.clear();
    for (int attempt = 1;; ++attempt) {
      const Json found = co_await FetchHead();
      // Objects that this list has and the head does not name can be named by nobody once the head
      // was replaced.
      const ObjectList objects =
          co_await api_.List(kinds::kSecret, place_.in_namespace, SelectorOf(place_));
      head_ = co_await HeadIn(found);
      head_.set_version(head_.version() + 1);
      head_.set_writer(writer_);
      Json next = co_await ToSecret(place_, head_, ResourceVersionOf(found));
      absl::StatusOr<Json> replaced = co_await Outcome(api_.Replace(std::move(next)));
      if (absl::IsAborted(replaced.status()) && attempt < kTakeOvers) continue;
      if (!replaced.ok()) co_return replaced.status();
      version_ = ResourceVersionOf(*replaced);
      last_version_ = head_.version();
      co_return co_await Read(&objects);
    }
  }

  Task<Contents> Read(const ObjectList* objects) {
    std::map<std::string, const Json*> by_name;
    for (const Json& each : objects->items) by_name[NameOf(each)] = &each;
    Contents contents;
    for (const auto& [key, generation] : IndexOf(head_)) {
      const auto found = by_name.find(SecretName(place_, key, generation));
      const Json* const secret = found == by_name.end() ? nullptr : found->second;
      co_await AddRecord(key, secret, contents);
      if (found != by_name.end()) by_name.erase(found);
    }
    Sort(contents);
    loaded_ = true;
    for (const auto& [name, object] : by_name) garbage_.insert(name);
    co_await RemoveGarbage();
    co_return contents;
  }

  // What cannot be removed now takes up room, and does no harm.
  Task<void> RemoveGarbage() {
    while (!garbage_.empty()) {
      std::vector<std::string> names;
      std::vector<Task<void>> removing;
      for (const std::string& name : garbage_) {
        if (names.size() == kRemovedAtOnce) break;
        names.push_back(name);
        removing.push_back(api_.Delete(kinds::kSecret, place_.in_namespace, name, DeleteOptions()));
      }
      const auto removed = co_await AllSettled(std::move(removing));
      bool all = true;
      for (size_t i = 0; i < names.size(); ++i) {
        if (removed[i].ok()) garbage_.erase(names[i]);
        all &= removed[i].ok();
      }
      if (!all) break;
    }
    if (garbage_.size() > kMostGarbage) garbage_.clear();
  }

  Task<void> Keep(const Change& change) {
    if (taken_over_) co_await TakenOver();
    if (!loaded_) co_await absl::FailedPreconditionError("records are loaded before any changes");
    const std::vector<KeptRecord> puts = co_await PutsOf(change);
    // Whether the last change was made nobody knows, and it was said that it was not.
    if (!unsure_.empty()) {
      const state::StoreHead same = NextHead(IndexOf(head_));
      co_await Commit(&same);
    }
    const std::string generation = co_await RandomHex();
    RecordIndex index = IndexOf(head_);
    for (const std::string& key : DeletionsOf(change)) index.erase(key);
    for (const KeptRecord& put : puts) index[put.key] = generation;
    const state::StoreHead next = NextHead(index);
    co_await ToSecret(place_, next, version_).status();  // too large: before anything is made
    const absl::StatusOr<chains::internal::Unit> made =
        co_await Outcome(MakeObjects(&puts, &generation));
    if (!made.ok()) {  // no head will name them
      for (const KeptRecord& put : puts) garbage_.insert(SecretName(place_, put.key, generation));
      co_await made.status();
    }
    co_await Commit(&next);
  }

  state::StoreHead NextHead(const RecordIndex& index) {
    state::StoreHead next;
    next.set_version(++last_version_);
    next.set_writer(writer_);
    SetIndex(index, next);
    return next;
  }

  Task<void> MakeObjects(const std::vector<KeptRecord>* puts, const std::string* generation) {
    for (const KeptRecord& put : *puts) {
      Json secret = ToSecret(place_, put, *generation);
      ApplyOptions options;
      co_await api_.Apply(std::move(secret), std::move(options));
    }
  }

  // From now on the records that `next` names are those that count.
  Task<void> Commit(const state::StoreHead* next) {
    // Until the head is another one for sure, it may come to name any of these.
    for (const state::StoreHead* each : {&std::as_const(head_), next}) {
      for (const auto& [key, generation] : IndexOf(*each)) {
        unsure_.insert(SecretName(place_, key, generation));
      }
    }
    co_await ReplaceHead(next);
    head_ = *next;
    for (const auto& [key, generation] : IndexOf(head_)) {
      unsure_.erase(SecretName(place_, key, generation));
    }
    garbage_.merge(unsure_);
    unsure_.clear();
    const absl::StatusOr<chains::internal::Unit> removed = co_await Outcome(RemoveGarbage());
    removed.status().IgnoreError();  // the change is made
  }

  // ABORTED: it is somebody else's by now.
  Task<void> ReplaceHead(const state::StoreHead* next) {
    std::string version = version_;
    for (int attempt = 1;; ++attempt) {
      Json secret = co_await ToSecret(place_, *next, version);
      const absl::StatusOr<Json> replaced = co_await Outcome(api_.Replace(std::move(secret)));
      if (replaced.ok()) {
        version_ = ResourceVersionOf(*replaced);
        co_return;
      }
      const absl::StatusOr<Json> found = co_await Outcome(GetHead());
      co_await found.status();
      const state::StoreHead now = co_await HeadIn(*found);
      if (now.writer() != writer_) {
        taken_over_ = true;
        co_await TakenOver();
      }
      version = ResourceVersionOf(*found);
      if (now.version() == next->version()) {  // it was made, and the answer was lost
        version_ = version;
        co_return;
      }
      // It was of this writer's last change, of which it was said that it was not made.
      if (absl::IsAborted(replaced.status()) && attempt < kTakeOvers) continue;
      co_await absl::UnavailableError(ToAbsl(MessageOf(replaced.status())));
    }
  }

  ApiClient& api_;
  const Options options_;
  const StatePlace place_;
  std::mutex mutex_;  // held by who asks; guards all that follows
  WorkerPool workers_{{.threads = 1, .max_queued = 16}};
  bool loaded_ = false;
  bool taken_over_ = false;
  std::string writer_;
  state::StoreHead head_;          // the last one that was acknowledged
  std::string version_;            // its resourceVersion, or that of a later one of this writer's
  uint64_t last_version_ = 0;      // of what was tried
  std::set<std::string> unsure_;   // objects that the head may come to name
  std::set<std::string> garbage_;  // objects that no head will name
};

KubernetesStore::KubernetesStore(ApiClient& api, Options options)
    : impl_(std::make_unique<Impl>(api, std::move(options))) {}
KubernetesStore::~KubernetesStore() = default;

absl::StatusOr<Store::Contents> KubernetesStore::Load() { return impl_->Load(); }
absl::Status KubernetesStore::Apply(const Change& change) { return impl_->Apply(change); }

}  // namespace chains::deploy
