#include "gateway/app/open_queue.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "chains/core/text.h"
#include "gateway/async/curl_webhooks.h"
#include "gateway/async/sql_store.h"

namespace chains::gateway {
namespace {

absl::Status BadFlag(std::string_view flag, const absl::Status& problem) {
  return absl::Status(problem.code(), ToAbsl(Text(flag, ": ", MessageOf(problem))));
}

}  // namespace

absl::StatusOr<AsyncSettings> OpenQueue(const QueueFlags& flags) {
  AsyncSettings settings;
  if (flags.url.empty()) return settings;
  if (!flags.secret_file.empty()) {
    absl::StatusOr<std::vector<std::string>> secrets = LoadWebhookSecrets(flags.secret_file);
    if (!secrets.ok()) return BadFlag("--webhook-secret-file", secrets.status());
    settings.queue.secrets = *std::move(secrets);
  }
  absl::StatusOr<std::unique_ptr<JobStore>> store = OpenJobStore(flags.url);
  if (!store.ok()) return BadFlag("--async-queue", store.status());
  settings.store = *std::move(store);
  settings.reach = flags.allow_private ? Reach::kAnywhere : Reach::kPublic;
  settings.webhooks =
      std::make_unique<CurlWebhooks>(CurlWebhooks::Options{.reach = settings.reach});
  settings.queue.max_running = flags.max_running;
  settings.queue.kept.age = flags.keep;
  return settings;
}

absl::Status MakeWebhookSecret(const std::string& file) {
  constexpr int kOnlyMine = 0600;
  const int made = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOnlyMine);
  if (made < 0 && errno == EEXIST) return absl::OkStatus();
  if (made < 0)
    return absl::PermissionDeniedError(Text("cannot make ", file, ": ", strerror(errno)));
  std::array<unsigned char, 32> random{};
  const bool is_random = RAND_bytes(random.data(), static_cast<int>(random.size())) == 1;
  const std::string line = absl::BytesToHexString(absl::string_view(
                               reinterpret_cast<const char*>(random.data()), random.size())) +
                           "\n";
  const bool written = is_random &&
                       write(made, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
                       fsync(made) == 0;
  close(made);
  if (written) return absl::OkStatus();
  unlink(file.c_str());
  return absl::InternalError(Text("cannot write ", file));
}

}  // namespace chains::gateway
