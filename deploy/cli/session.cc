#include "deploy/cli/session.h"

#include "chains/contract/status_path.h"
#include "chains/core/text.h"
#include "deploy/cli/json_text.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/tunnel.h"

namespace chains::deploy::cli {

namespace {

absl::StatusOr<Remote> FindRemote(const Session& session) {
  const Getenv& getenv = session.world().getenv;
  if (session.remote_name.empty()) {
    if (std::optional<Remote> remote = RemoteOfEnvironment(getenv)) return *std::move(remote);
  }
  const absl::StatusOr<Remotes> remotes = LoadRemotes(HomeFolder(getenv));
  if (!remotes.ok()) return remotes.status();
  return Choose(*remotes, session.remote_name, getenv);
}

absl::Status Annotated(const std::string& what, const absl::Status& status) {
  return absl::Status(status.code(), Text(what, ": ", MessageOf(status)));
}

// An address that the remote has itself, an Ingress say, stays.
void UseTunnel(Tunnel& tunnel, Remote& remote) {
  const Tunnel::Addresses addresses = tunnel.addresses();
  if (remote.platform.empty()) remote.platform = addresses.platform;
  if (remote.grpc.empty()) remote.grpc = addresses.grpc;
  if (!remote.gateway.empty()) return;
  remote.gateway = Text("http://", addresses.http);
  remote.forwarded = true;
}

}  // namespace

Session::Session(Terminal terminal, World world) : terminal_(terminal), world_(std::move(world)) {}
Session::~Session() = default;

absl::StatusOr<Remote> Session::ChosenRemote() {
  if (chosen_) return *chosen_;
  absl::StatusOr<Remote> remote = FindRemote(*this);
  if (!remote.ok()) return remote.status();
  if (remote->kubernetes) {
    absl::StatusOr<std::unique_ptr<Tunnel>> tunnel = world_.open_tunnel(*remote->kubernetes);
    if (!tunnel.ok()) return Annotated(Text("remote '", remote->name, "'"), tunnel.status());
    tunnel_ = *std::move(tunnel);
    UseTunnel(*tunnel_, *remote);
  }
  return chosen_.emplace(*std::move(remote));
}

absl::StatusOr<PlatformClient*> Session::Platform() {
  if (platform_ == nullptr) {
    absl::StatusOr<Remote> remote = ChosenRemote();
    if (!remote.ok()) return remote.status();
    if (remote->platform.empty()) {
      return absl::FailedPreconditionError(
          "CHAINS_GATEWAY names a gateway alone, for call and bench: this needs a platform, so "
          "unset it, or choose one with --remote");
    }
    platform_ = std::make_unique<PlatformClient>(*std::move(remote));
  }
  return platform_.get();
}

void Session::PrintJson(const google::protobuf::Message& message) const {
  out() << JsonLine(message) << "\n" << std::flush;
}

void Session::Note(std::string_view text) const { err() << text << "\n" << std::flush; }

int Session::Fail(const absl::Status& error) const {
  if (json()) {
    err() << JsonLine(error) << "\n";
    return kFailed;
  }
  const std::vector<std::string> lines = SafeLines(MessageOf(error));
  err() << StyledForErr(terminal_, Style::kBad,
                        Text("error ", absl::StatusCodeToString(error.code()), ":"));
  for (size_t i = 0; i < lines.size(); ++i) err() << (i == 0 ? " " : "  ") << lines[i] << "\n";
  if (lines.empty()) err() << "\n";
  const absl::Status tunnel = tunnel_ == nullptr ? absl::OkStatus() : tunnel_->problem();
  if (!tunnel.ok()) err() << "  tunnel: " << Safe(MessageOf(tunnel)) << "\n";
  const std::string path = PathText(error);
  // Of the platform itself nobody wants to know the path.
  if (!path.empty() && path.find("chains.v1.Platform") == std::string::npos) {
    err() << "  path: " << Safe(path) << "\n";
  }
  return kFailed;
}

int Session::Usage(std::string_view problem) const {
  if (json()) {
    err() << JsonLine(absl::InvalidArgumentError(ToAbsl(problem))) << "\n";
  } else {
    err() << StyledForErr(terminal_, Style::kBad, "usage:") << " " << Safe(problem) << "\n";
  }
  return kUsage;
}

}  // namespace chains::deploy::cli
