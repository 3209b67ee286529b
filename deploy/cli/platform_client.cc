#include "deploy/cli/platform_client.h"

#include <algorithm>
#include <vector>

#include "chains/chain/client.h"
#include "chains/core/all.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"

namespace chains::deploy::cli {
namespace {

constexpr absl::Duration kAskEvery = absl::Milliseconds(50);
// Deadlines are times: one so far away is none.
constexpr absl::Duration kForever = absl::Hours(24 * 365);

// Ends All() in any case, so that the other one is dropped at once.
Task<void> Runner(Task<void> task, absl::Status* end) {
  absl::StatusOr<internal::Unit> outcome = co_await Outcome(std::move(task));
  *end = outcome.status();
  co_await absl::CancelledError("ended");
}

Task<void> Watchman(std::stop_token stop) {
  while (!stop.stop_requested()) co_await Sleep(kAskEvery);
  co_await absl::CancelledError("stopped");
}

Task<void> UntilStopped(Task<void> task, std::stop_token stop) {
  absl::Status end = absl::CancelledError("stopped");
  std::vector<Task<void>> both;
  both.push_back(Runner(std::move(task), &end));
  both.push_back(Watchman(stop));
  Task<void> first = All(std::move(both));
  absl::StatusOr<internal::Unit> ended = co_await Outcome(std::move(first));
  co_await (ended.ok() ? ended.status() : end);
}

}  // namespace

class PlatformClient::Connection {
 public:
  explicit Connection(const std::string& address) : client(address) {}
  Client<v1::Platform> client;
};

PlatformClient::PlatformClient(Remote remote)
    : remote_(std::move(remote)), connection_(std::make_unique<Connection>(remote_.platform)) {}

PlatformClient::~PlatformClient() = default;

absl::Status PlatformClient::Run(const std::function<Task<void>(v1::Platform&)>& make,
                                 const Patience& patience) {
  CallOptions options{.timeout = std::min(patience.timeout, kForever)};
  if (!remote_.key.empty()) {
    options.headers.emplace_back("authorization", Text("Api-Key ", remote_.key));
  }
  const absl::Status status = connection_->client
                                  .Run(
                                      [&](v1::Platform& platform) {
                                        return patience.stop.stop_possible()
                                                   ? UntilStopped(make(platform), patience.stop)
                                                   : make(platform);
                                      },
                                      std::move(options))
                                  .status();
  if (absl::IsUnavailable(status) && remote_.kubernetes) {
    return absl::UnavailableError(Text("the platform '", remote_.name,
                                       "' does not answer: look at "
                                       "its pods with `kubectl -n ",
                                       remote_.kubernetes->in_namespace, " get pods` (",
                                       MessageOf(status), ")"));
  }
  if (absl::IsUnavailable(status)) {
    return absl::UnavailableError(Text("the platform '", remote_.name, "' at ", remote_.platform,
                                       " does not answer: start it with `chains up`, or choose "
                                       "another with --remote (",
                                       MessageOf(status), ")"));
  }
  if (absl::IsUnauthenticated(status)) {
    return absl::UnauthenticatedError(Text(MessageOf(status), ": the key of '", remote_.name,
                                           "' in remotes.json is not, or no longer, known there"));
  }
  return status;
}

}  // namespace chains::deploy::cli
