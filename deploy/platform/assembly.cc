#include "deploy/platform/assembly.h"

#include <cerrno>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "chains/v1/control.chains.h"
#include "deploy/platform/observed.h"
#include "deploy/platform/recovery.h"
#include "deploy/platform/sweeping.h"
#include "deploy/state/keys.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

state::KeyRecord RecordOf(const std::string& name, const std::string& sha256,
                          const std::string& prefix) {
  state::KeyRecord record;
  record.set_name(name);
  record.set_sha256(sha256);
  record.set_prefix(prefix);
  record.set_created_unix_ms(absl::ToUnixMillis(absl::Now()));
  record.add_scopes(v1::KEY_SCOPE_MANAGE);
  return record;
}

std::vector<state::KeyRecord> KeysOf(const Model& model) {
  std::vector<state::KeyRecord> keys;
  for (const auto& [name, each] : model.keys) keys.push_back(each);
  return keys;
}

bool Admits(const Model& model, const std::string& known) {
  const std::vector<state::KeyRecord> keys = KeysOf(model);
  const std::string shown = Text("Api-Key ", known);
  return !known.empty() && FindKey(keys, shown, v1::KEY_SCOPE_MANAGE, absl::Now()).ok();
}

}  // namespace

Assembly::Assembly(Options options) : options_(std::move(options)), model_(options_.capacity) {
  model_.open = options_.open;
}

Assembly::~Assembly() = default;

absl::Status MakeHome(const fs::path& home) {
  std::error_code error;
  fs::create_directories(home, error);
  if (!error && ::chmod(home.c_str(), 0700) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Text("cannot use the folder ", home.string(), ": ",
           error ? error.message() : std::system_category().message(errno),
           "; choose another with --home"));
}

absl::Status Assembly::MakeHome() { return chains::deploy::MakeHome(options_.home); }

absl::Status Assembly::OpenFiles() {
  const fs::path& home = options_.home;
  absl::StatusOr<std::unique_ptr<BlobStore>> blobs = BlobStore::Open(home / "store");
  if (!blobs.ok()) return blobs.status();
  blobs_ = *std::move(blobs);
  if (options_.objects != nullptr) blobs_->KeepBehind(options_.objects);
  absl::StatusOr<std::unique_ptr<LogKeeper>> logs = LogKeeper::Create({.folder = home / "logs"});
  if (!logs.ok()) return logs.status();
  logs_ = *std::move(logs);
  logs_->Start();
  absl::StatusOr<std::unique_ptr<AuditLog>> audit = AuditLog::Open(home / "audit.jsonl");
  if (!audit.ok()) return audit.status();
  audit_ = *std::move(audit);
  return absl::OkStatus();
}

absl::Status Assembly::Recover(std::unique_ptr<Store> store, SecretBox secrets, Fleet& fleet,
                               const std::vector<FoundReplica>& found) {
  store_ = std::move(store);
  secrets_.emplace(std::move(secrets));
  const Left left{.store = *store_, .blobs = *blobs_, .bundles = Bundles(), .fleet = fleet};
  absl::Status recovered = chains::deploy::Recover(model_, left, found, absl::Now());
  if (!recovered.ok()) return recovered;
  RemoveUnneeded(found);
  assets_ = std::make_unique<Assets>(*blobs_);
  keeper_ = std::make_unique<Keeper>(model_, *store_);
  Controller::Hooks hooks;
  hooks.folder_of = [this](const std::string& bundle) { return Text(Bundles(), "/", bundle); };
  hooks.secret = [this](const std::string& name) { return Secret(name); };
  controller_ =
      std::make_unique<Controller>(model_, *keeper_, fleet, options_.controller, std::move(hooks));
  MakeObservatory();
  control_ = std::make_unique<ControlService>(model_, options_.gateway_token, options_.authority,
                                              observatory_.get());
  v1::AboutResponse about;
  about.set_version(CHAINS_VERSION);
  about.set_fleet(fleet.kind());
  *about.mutable_machine() = options_.machine;
  service_ =
      std::make_unique<PlatformService>(PlatformService::Parts{.model = model_,
                                                               .keeper = *keeper_,
                                                               .blobs = *blobs_,
                                                               .assets = *assets_,
                                                               .secrets = *secrets_,
                                                               .logs = *logs_,
                                                               .bundles = Bundles(),
                                                               .about = std::move(about),
                                                               .audit = audit_.get(),
                                                               .observatory = observatory_.get(),
                                                               .exporter = exporter_.get()});
  audited_ = std::make_unique<AuditedPlatform>(
      *service_, *audit_, [this](auto authorization) { return WhoseKey(authorization); });
  return absl::OkStatus();
}

void Assembly::MakeObservatory() {
  Observatory::Options options;
  options.drawn = options_.tracing.drawn;
  options.recorded = options_.tracing.recorded;
  if (options_.tracing.collector != nullptr) {
    exporter_ = std::make_unique<OtlpExporter>(options_.tracing.collector);
    options.on_kept = [this](const v1::Trace& trace) { exporter_->Put(trace); };
  }
  options.changed = [this] {
    model_.tracing = observatory_->Tracing();
    model_.Touch();
  };
  observatory_ = std::make_unique<Observatory>(std::move(options));
  model_.tracing = observatory_->Tracing();
}

// What cannot be removed now is tried again, and told, when a deployment is deleted.
void Assembly::RemoveUnneeded(const std::vector<FoundReplica>& found) {
  Needed needed = NeededBy(model_);
  for (const FoundReplica& leaving : found) needed.folders.insert(leaving.bundle);
  Sweep(*blobs_, Bundles(), needed).IgnoreError();
}

void Assembly::Serve(GrpcServer& server) {
  server.Serve(0, Contract<v1::Control>::Serve(*control_));
  server.Serve(0, Contract<v1::Platform>::Serve(*audited_));
}

absl::Status Assembly::BeginMetrics(Reactor& reactor) {
  if (options_.metrics.empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<PlatformMetrics>> metrics =
      PlatformMetrics::Listen(options_.metrics, reactor,
                              {.model = model_,
                               .controller = *controller_,
                               .observatory = *observatory_,
                               .exporter = exporter_.get()});
  if (!metrics.ok()) return metrics.status();
  metrics_ = *std::move(metrics);
  return absl::OkStatus();
}

void Assembly::Begin(Loop& loop) {
  controlling_ = std::make_unique<chains::internal::Root<void>>(loop, Context(), controller_->Run(),
                                                                [](const auto&) {});
  controlling_->Start();
  observing_ = std::make_unique<chains::internal::Root<void>>(
      loop, Context(), Observe(model_, *observatory_), [](const auto&) {});
  observing_->Start();
  if (exporter_ == nullptr) return;
  exporting_ = std::make_unique<chains::internal::Root<void>>(loop, Context(), exporter_->Run(),
                                                              [](const auto&) {});
  exporting_->Start();
}

void Assembly::Pause() {
  controlling_.reset();
  observing_.reset();
  exporting_.reset();
}

void Assembly::End() {
  Pause();
  if (keeper_ != nullptr) keeper_->Close();
}

void Assembly::Close() {
  assets_.reset();      // its threads post to the loop
  controller_.reset();  // its timer is the loop's
}

absl::StatusOr<std::string> Assembly::Secret(const std::string& name) {
  const auto found = model_.secrets.find(name);
  if (found == model_.secrets.end()) {
    return absl::NotFoundError(
        Text("the secret '", name, "' is not set; chains secrets set ", name));
  }
  return secrets_->Open(name, found->second.sealed());
}

std::string Assembly::WhoseKey(std::optional<std::string_view> authorization) const {
  const std::vector<state::KeyRecord> keys = KeysOf(model_);
  const state::KeyRecord* const owner = OwnerOf(keys, authorization, absl::Now());
  return owner == nullptr ? "" : owner->name();
}

Task<std::string> Assembly::KeyFor(std::string known, std::string name) {
  const Permit changing = co_await keeper_->Begin();
  if (Admits(model_, known)) co_return known;
  NewApiKey made = co_await NewKey();
  std::string free = name;
  for (int i = 2; model_.keys.contains(free); ++i) free = Text(name, "-", i);
  Store::Change change;
  change.put_keys.push_back(RecordOf(free, made.sha256, made.prefix));
  co_await keeper_->Keep(std::move(change));
  co_return std::move(made.text);
}

Task<void> Assembly::AdmitKey(std::string known, std::string name) {
  const Permit changing = co_await keeper_->Begin();
  if (Admits(model_, known)) co_return;
  Store::Change change;
  change.put_keys.push_back(RecordOf(name, HashKey(known), known.substr(0, 7)));
  co_await keeper_->Keep(std::move(change));
}

}  // namespace chains::deploy
