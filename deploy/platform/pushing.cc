// PlatformService: from a bundle to a deployment that answers.
#include <algorithm>
#include <optional>
#include <utility>

#include <google/protobuf/util/message_differencer.h>

#include "absl/strings/escaping.h"
#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "deploy/bundle/bundle.h"
#include "deploy/bundle/machine.h"
#include "deploy/bundle/url_assets.h"
#include "deploy/platform/contract_check.h"
#include "deploy/platform/describe.h"
#include "deploy/platform/names.h"
#include "deploy/platform/platform_service.h"

namespace chains::deploy {
namespace {

constexpr size_t kMaxPiece = 1 << 20;

std::string NameOf(const v1::DeployRequest& request) {
  return request.name().empty() ? request.bundle().manifest().chain() : request.name();
}

}  // namespace

Task<v1::FindMissingResponse> PlatformService::FindMissing(v1::FindMissingRequest request) {
  co_await Authorize();
  co_await ValidateBundle(request.bundle());
  std::vector<std::string> missing;
  co_await Blocking([&] { missing = parts_.blobs.Missing(request.bundle()); });
  v1::FindMissingResponse response;
  for (std::string& sha256 : missing) response.add_sha256(std::move(sha256));
  co_return response;
}

Task<v1::UploadResponse> PlatformService::Upload(Stream<v1::UploadRequest> requests) {
  co_await Authorize();
  v1::UploadResponse response;
  std::optional<BlobStore::Writer> writer;
  uint64_t size = 0, left = 0;  // of the file that comes
  while (true) {
    const std::optional<v1::UploadRequest> piece = co_await requests.Next();
    if (!piece) break;
    if (piece->data().size() > kMaxPiece) {
      co_return absl::InvalidArgumentError(Text("a piece has at most ", kMaxPiece, " bytes"));
    }
    if (!piece->sha256().empty()) {
      if (writer)
        co_return absl::InvalidArgumentError("a file began before the last one was whole");
      size = left = piece->size();
      absl::StatusOr<BlobStore::Writer> begun = absl::UnknownError("not begun");
      co_await Blocking([&] { begun = parts_.blobs.Begin(piece->sha256(), piece->size()); });
      writer.emplace(co_await std::move(begun));
    } else if (!writer) {
      co_return absl::InvalidArgumentError("the first piece of a file has its sha256 and size");
    }
    co_await Blocking([&] { return writer->Append(piece->data()); });
    left -= std::min<uint64_t>(left, piece->data().size());
    if (left > 0) continue;
    co_await Blocking([&] { return writer->Commit(); });
    writer.reset();
    response.set_files(response.files() + 1);
    response.set_bytes(response.bytes() + size);
  }
  if (writer) co_return absl::InvalidArgumentError("the last file was cut off");
  co_return response;
}

absl::StatusOr<Revision> PlatformService::CheckPush(const v1::DeployRequest& request,
                                                    const std::string& digest) {
  const std::string chain = NameOf(request);
  if (absl::Status name = CheckName("chain", chain); !name.ok()) return name;
  if (!request.environment().empty()) {
    if (absl::Status name = CheckName("environment", request.environment()); !name.ok())
      return name;
    if (request.environment() == "development") {
      return absl::InvalidArgumentError(
          "environment 'development' is what `push --development` makes; name another");
    }
    if (request.development()) {
      return absl::InvalidArgumentError(
          "a development deployment is promoted nowhere; leave out --environment, or publish");
    }
    if (request.environment() == "development") {
      return absl::InvalidArgumentError(
          "environment 'development' is what `push --development` makes; promote to another");
    }
  }
  const absl::Status fits =
      CheckFits(request.bundle().machine(), parts_.about.machine(),
                parts_.model.scheduled ? "a pod of this cluster" : "this machine");
  if (!fits.ok()) return fits;
  const PlacementRequest placement{.mode = request.placement(),
                                   .groups = {request.groups().begin(), request.groups().end()}};
  absl::StatusOr<Revision> revision = MakeRevision(request.bundle(), digest, 1, placement);
  if (!revision.ok()) return revision;
  for (const v1::Chainlet& chainlet : revision->manifest.chainlets()) {
    for (const std::string& secret : chainlet.secrets()) {
      if (!parts_.model.secrets.contains(secret)) {
        return absl::FailedPreconditionError(Text(chainlet.name(), " declares the secret '", secret,
                                                  "', which is not set; chains secrets set ",
                                                  secret));
      }
    }
  }
  if (absl::Status breaks = CheckBreaks(request, chain, *revision); !breaks.ok()) return breaks;
  if (absl::Status room = CheckRoom(request, chain, *revision); !room.ok()) return room;
  return revision;
}

// Against what answers at the name where this one will: development, or an environment.
absl::Status PlatformService::CheckBreaks(const v1::DeployRequest& request,
                                          const std::string& chain, const Revision& revision) {
  if (request.breaking()) return absl::OkStatus();
  const Deployment* old = nullptr;
  if (request.development()) {
    return absl::OkStatus();  // its callers are who writes it
  }
  if (request.environment().empty()) return absl::OkStatus();
  if (const auto* environment = parts_.model.Environment(chain, request.environment())) {
    old = parts_.model.Find(environment->deployment());
  }
  if (old == nullptr || old->live == nullptr) return absl::OkStatus();
  return CheckCallersOf({old->live->descriptors, old->live->manifest.entrypoint()},
                        {revision.descriptors, revision.manifest.entrypoint()});
}

absl::Status PlatformService::CheckRoom(const v1::DeployRequest& request, const std::string& chain,
                                        const Revision& revision) {
  Model& model = parts_.model;
  std::vector<v1::Resources> parts;
  for (const Unit& unit : revision.units) parts.push_back(unit.resources);
  const absl::Status fits = model.scheduled ? absl::OkStatus() : CheckCanFit(parts, model.capacity);
  if (!fits.ok()) return fits;
  const Deployment* old = request.development() ? model.Development(chain) : nullptr;
  if (request.replace() && !request.development()) {
    if (request.environment().empty()) {
      return absl::InvalidArgumentError(
          "replace: a deployment takes the place of the one in an environment; say which "
          "(--promote, --environment NAME)");
    }
    if (const auto* environment = model.Environment(chain, request.environment())) {
      old = model.Find(environment->deployment());
    }
  }
  if (model.scheduled) return absl::OkStatus();
  // Beside all that runs now, less what it replaces or shares with the old one.
  Reserved reserved = model.Reservations(request.replace() ? old : nullptr);
  for (const Unit& unit : revision.units) {
    const bool runs =
        old != nullptr && !request.replace() &&
        std::any_of(old->replicas.begin(), old->replicas.end(), [&unit](const auto& named) {
          return named.second.unit == unit.key && !named.second.draining;
        });
    if (runs) continue;
    absl::StatusOr<std::vector<int>> gpus = reserved.MakeRoom(unit.resources, model.capacity);
    if (!gpus.ok()) {
      return absl::FailedPreconditionError(
          Text("it does not fit beside what runs now: ", unit.chainlets.front(), ": ",
               MessageOf(gpus.status()), ". Make room (chains list, chains deactivate ID)",
               request.replace() ? ""
                                 : ", or push with --replace: requests then wait while the new "
                                   "takes the old one's place"));
    }
    reserved.Add(unit.resources, *gpus);
  }
  return absl::OkStatus();
}

void PlatformService::NoteChanges(const Revision* before, const Revision& after,
                                  Pushed& pushed) const {
  for (const Unit& unit : after.units) {
    const bool is_same = before != nullptr && before->Find(unit.key) != nullptr;
    std::vector<std::string>& list = is_same ? pushed.unchanged : pushed.exchanged;
    list.insert(list.end(), unit.chainlets.begin(), unit.chainlets.end());
  }
}

// The record of what is pushed, as it will be kept.
absl::StatusOr<state::DeploymentRecord> PlatformService::RecordOf(const v1::DeployRequest& request,
                                                                  const Deployment* deployment,
                                                                  absl::Time now) {
  state::DeploymentRecord record;
  if (deployment != nullptr) {
    record = deployment->record;
    record.clear_failure();
    record.clear_deactivated();
  } else {
    absl::StatusOr<std::string> id = NewDeploymentId();
    if (!id.ok()) return id.status();
    if (parts_.model.Find(*id) != nullptr) return absl::AbortedError("push again");
    absl::StatusOr<std::string> token = NewToken();
    if (!token.ok()) return token.status();
    record.set_id(*std::move(id));
    record.set_chain(NameOf(request));
    record.set_development(request.development());
    record.set_created_unix_ms(absl::ToUnixMillis(now));
    record.set_sequence(++parts_.model.last_sequence);
    record.set_token(*std::move(token));
  }
  record.set_placement(request.placement());
  *record.mutable_groups() = request.groups();
  // On a cluster a pod has memory for one program: it exchanges one for the other.
  const bool in_pod = request.development() && parts_.model.scheduled;
  record.set_pending_replaces(request.replace() || in_pod);
  record.set_promote_to(request.environment());
  return record;
}

// In the model, what was kept is what all chainlets are to become.
void PlatformService::MakePending(const std::string& id, std::shared_ptr<const Revision> revision,
                                  absl::Time now) {
  Model& model = parts_.model;
  Deployment& deployment = *model.Find(id);
  deployment.RetirePending();
  for (const Unit& unit : revision->units) deployment.crashes.erase(unit.key);
  deployment.pending_failure.clear();
  deployment.pending = std::move(revision);
  deployment.ScaleBy(*deployment.pending, model.SettingsFor(deployment), now, 1);
  deployment.WakeUp(now);
}

Task<PlatformService::Pushed> PlatformService::BeginPush(v1::DeployRequest request) {
  const absl::Time now = (co_await chains::internal::Here()).loop().Now();
  Model& model = parts_.model;
  co_await ValidateBundle(request.bundle());
  const std::string digest = DigestOf(request.bundle());
  co_await CheckPush(request, digest).status();
  // Files are brought in place before others than pushes have to wait for this one. Until it has
  // been kept that they are needed, nobody removes what is not.
  const Permit placing = co_await placing_.Enter();
  const std::string folder = Text(parts_.bundles, "/", digest);
  co_await Blocking([&] { return parts_.blobs.PutBundle(request.bundle()).status(); });
  co_await Blocking([&] { return parts_.blobs.Assemble(request.bundle(), folder); });

  const Permit changing = co_await parts_.keeper.Begin();
  Revision checked = co_await CheckPush(request, digest);
  const Deployment* const deployment =
      request.development() ? model.Development(NameOf(request)) : nullptr;
  state::DeploymentRecord record = co_await RecordOf(request, deployment, now);
  checked.number = deployment == nullptr ? 1 : deployment->NextRevision();
  record.set_pending_bundle(checked.bundle);
  record.set_pending_revision(checked.number);
  Pushed pushed;
  pushed.deployment = record.id();
  pushed.revision = checked.number;
  NoteChanges(deployment == nullptr ? nullptr : deployment->live.get(), checked, pushed);
  Store::Change change;
  change.put_deployments.push_back(std::move(record));
  Keeper::Then then = [this, id = pushed.deployment, now,
                       revision = std::make_shared<const Revision>(std::move(checked))]() mutable {
    MakePending(id, std::move(revision), now);
  };
  co_await parts_.keeper.Keep(std::move(change), std::move(then));
  co_return pushed;
}

v1::DeployEvent PlatformService::EventOf(const Pushed& pushed) const {
  v1::DeployEvent event;
  Model& model = parts_.model;
  const Deployment& deployment = *model.Find(pushed.deployment);
  *event.mutable_deployment() = Describe(model, deployment);
  event.mutable_exchanged()->Assign(pushed.exchanged.begin(), pushed.exchanged.end());
  event.mutable_unchanged()->Assign(pushed.unchanged.begin(), pushed.unchanged.end());
  event.set_live(deployment.live != nullptr && deployment.live->number == pushed.revision);
  const std::vector<std::string> environments = model.EnvironmentsOf(deployment);
  if (event.live() && !environments.empty()) event.set_promoted_to(environments.front());
  if (const auto* production = model.Environment(deployment.record.chain(), "production")) {
    event.set_production(production->deployment());
  }
  const double cpus = model.Reservations().cpus();
  if (!model.scheduled && cpus > model.capacity.cpus) {
    event.set_note(Text("replicas ask for ", cpus, " CPUs, and this machine has ",
                        model.capacity.cpus, ": they share them"));
  }
  return event;
}

// Whether it is live, or may become it.
absl::Status PlatformService::CheckStillPushed(const Pushed& pushed) const {
  const Deployment* const deployment = parts_.model.Find(pushed.deployment);
  if (deployment == nullptr) return absl::AbortedError("the deployment was deleted meanwhile");
  if (deployment->live != nullptr && deployment->live->number == pushed.revision) {
    return absl::OkStatus();
  }
  if (deployment->failed_revision == pushed.revision && !deployment->pending_failure.empty()) {
    return absl::FailedPreconditionError(deployment->pending_failure);
  }
  if (deployment->pending == nullptr || deployment->pending->number != pushed.revision) {
    return absl::AbortedError("another push took its place");
  }
  if (deployment->active()) return absl::OkStatus();
  return absl::AbortedError(Text(deployment->id(), " was deactivated meanwhile; chains activate ",
                                 deployment->id(), " goes on with it"));
}

Stream<v1::DeployEvent> PlatformService::Deploy(v1::DeployRequest request) {
  co_await Authorize();
  co_await ValidateBundle(request.bundle());
  const std::vector<UrlAsset> to_fetch = co_await UrlAssetsOf(request.bundle());
  if (!to_fetch.empty()) {
    // What would be refused anyway is refused first.
    co_await CheckPush(request, DigestOf(request.bundle())).status();
    Stream<std::string> notes = parts_.assets.Complete(request.mutable_bundle());
    while (true) {
      std::optional<std::string> note = co_await notes.Next();
      if (!note) break;
      v1::DeployEvent event;
      event.set_note(*std::move(note));
      co_yield std::move(event);
    }
  }
  const Pushed pushed = co_await BeginPush(std::move(request));
  std::optional<v1::DeployEvent> told;
  while (true) {
    co_await CheckStillPushed(pushed);
    v1::DeployEvent event = EventOf(pushed);
    if (!told || !google::protobuf::util::MessageDifferencer::Equals(*told, event)) {
      told = event;
      const bool live = event.live();
      const bool supersedes = event.deployment().development();
      co_yield std::move(event);
      if (!live) continue;
      if (!supersedes) co_return;
      // Each edit brings a bundle. What cannot be removed now is removed, or told, another time.
      const absl::StatusOr<chains::internal::Unit> removed = co_await Outcome(RemoveUnneeded());
      removed.status().IgnoreError();
      co_return;
    }
    co_await parts_.model.changed().Wait();
  }
}

}  // namespace chains::deploy
