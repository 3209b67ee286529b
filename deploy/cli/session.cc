#include "deploy/cli/session.h"

#include "chains/contract/status_path.h"
#include "chains/core/text.h"
#include "deploy/cli/json_text.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {

Session::Session(Terminal terminal, World world) : terminal_(terminal), world_(std::move(world)) {}
Session::~Session() = default;

absl::StatusOr<Remote> Session::ChosenRemote() const {
  const absl::StatusOr<Remotes> remotes = LoadRemotes(HomeFolder(world_.getenv));
  if (!remotes.ok()) return remotes.status();
  return Choose(*remotes, remote_name, world_.getenv);
}

absl::StatusOr<PlatformClient*> Session::Platform() {
  if (platform_ == nullptr) {
    absl::StatusOr<Remote> remote = ChosenRemote();
    if (!remote.ok()) return remote.status();
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
