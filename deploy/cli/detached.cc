#include "deploy/cli/detached.h"

#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <ostream>
#include <poll.h>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/fleets/local/process.h"
#include "deploy/fleets/local/run_folder.h"

namespace chains::deploy::cli {
namespace {

constexpr absl::Duration kStart = absl::Seconds(30);
constexpr absl::Duration kEnd = absl::Seconds(45);  // longer than its replicas may drain

std::string ReadFrom(const std::filesystem::path& file, std::streamoff from) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(from);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::map<std::string, std::string> WholeEnvironment() {
  std::map<std::string, std::string> all;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable = *each;
    const size_t equals = variable.find('=');
    if (equals != std::string_view::npos) {
      all.emplace(variable.substr(0, equals), variable.substr(equals + 1));
    }
  }
  return all;
}

std::vector<std::string> Arguments(const UpFlags& flags, const std::filesystem::path& home) {
  std::vector<std::string> arguments = {"up",         "--home",        home.string(),    "--listen",
                                        flags.listen, "--grpc-listen", flags.grpc_listen};
  const auto add = [&arguments](std::string flag, std::string value) {
    arguments.push_back(std::move(flag));
    arguments.push_back(std::move(value));
  };
  if (!flags.tls_listen.empty()) {
    // It runs in another folder.
    add("--tls-listen", flags.tls_listen);
    add("--tls-cert", std::filesystem::absolute(flags.tls_certificate).string());
    add("--tls-key", std::filesystem::absolute(flags.tls_key).string());
  }
  if (!flags.platform_listen.empty()) add("--platform-listen", flags.platform_listen);
  if (!flags.gateway_token_file.empty()) add("--gateway-token-file", flags.gateway_token_file);
  for (const std::string& origin : flags.cors_origins) add("--cors-origin", origin);
  for (std::string& flag : ReplicaFlags(flags)) arguments.push_back(std::move(flag));
  if (!flags.otlp.empty()) add("--otlp", flags.otlp);
  if (!flags.metrics.empty()) add("--metrics", flags.metrics);
  add("--trace-drawn", Text(flags.trace_drawn));
  add("--trace-recorded", Text(flags.trace_recorded));
  if (!flags.memory.empty()) add("--memory", flags.memory);
  if (flags.cpus >= 0) add("--cpus", Text(flags.cpus));
  if (flags.gpus >= 0) add("--gpus", Text(flags.gpus));
  if (flags.no_ui) arguments.push_back("--no-ui");
  if (flags.open) arguments.push_back("--open");
  if (flags.mtls) arguments.push_back("--mtls");
  if (flags.webhook_allow_private) arguments.push_back("--webhook-allow-private");
  if (flags.pin_cpus) arguments.push_back("--pin-cpus");
  return arguments;
}

// False: it has not ended by then.
bool HasEnded(const Process& process, absl::Duration within) {
  pollfd wait = {.fd = process.handle(), .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(within))) > 0;
}

}  // namespace

std::filesystem::path HomeFrom(const Session& session, const std::string& flag) {
  return std::filesystem::absolute(flag.empty() ? HomeFolder(session.world().getenv)
                                                : std::filesystem::path(flag));
}

int RunDetached(Session& session, const UpFlags& flags) {
  const std::filesystem::path home = HomeFrom(session, flags.home);
  std::error_code error;
  std::filesystem::create_directories(home, error);
  if (error) {
    return session.Fail(absl::FailedPreconditionError(
        Text("cannot make the folder ", home.string(), ": ", error.message())));
  }
  const std::filesystem::path log = home / "up.log";
  const auto size = std::filesystem::file_size(log, error);
  const std::streamoff before = error ? 0 : static_cast<std::streamoff>(size);
  absl::StatusOr<Process> process =
      Process::Start({.program = std::filesystem::read_symlink("/proc/self/exe").string(),
                      .arguments = Arguments(flags, home),
                      .environment = WholeEnvironment(),
                      .folder = "/",
                      .output = log});
  if (!process.ok()) return session.Fail(process.status());
  const absl::Time deadline = absl::Now() + kStart;
  while (absl::Now() < deadline) {
    const bool ended = HasEnded(*process, absl::Milliseconds(20));
    const std::string said = ReadFrom(log, before);
    if (ended) {
      session.err() << said;
      return kFailed;
    }
    if (said.find("\nNext: ") == std::string::npos) continue;
    session.out() << said << "It runs in the background: chains down ends it, " << log.string()
                  << " is what it says\n";
    return kDone;
  }
  return session.Fail(absl::DeadlineExceededError(
      Text("it was not up within ", absl::FormatDuration(kStart), "; see ", log.string())));
}

int RunDown(Session& session, const std::string& home_flag) {
  const std::filesystem::path home = HomeFrom(session, home_flag);
  const int pid = LockHolder(home / "platform.db.lock");
  if (pid == 0) {
    session.Note(Text("no platform runs with ", home.string()));
    return kDone;
  }
  absl::StatusOr<Process> process = Process::Adopt(pid);
  if (!process.ok()) return session.Fail(process.status());
  process->Signal(SIGTERM);
  if (!HasEnded(*process, kEnd)) {
    return session.Fail(absl::DeadlineExceededError(
        Text("process ", pid, " has not ended; its log says why: ", (home / "up.log").string())));
  }
  session.out() << "chains is down\n";
  return kDone;
}

}  // namespace chains::deploy::cli
