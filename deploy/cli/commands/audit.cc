// audit, and how keys are rotated.
#include "deploy/cli/commands/audit.h"

#include <memory>
#include <utility>

#include "chains/core/text.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/terminal/table.h"

namespace chains::deploy::cli {
namespace {

struct AuditFlags {
  int last = 20;
};
struct RotateFlags {
  std::string name = {};
  absl::Duration grace = absl::Hours(1);
  absl::Duration expires = absl::ZeroDuration();
};

int ShowAudit(Session& session, const AuditFlags& flags) {
  if (flags.last <= 0) return session.Usage("--last: at least 1");
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::ReadAuditRequest request;
  request.set_limit(static_cast<uint32_t>(flags.last));
  const absl::StatusOr<v1::ReadAuditResponse> response =
      (*platform)->Call(&v1::Platform::ReadAudit, std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
    return kDone;
  }
  Table table({"AGE", "KEY", "METHOD", "OUTCOME", "REQUEST"});
  for (const v1::AuditEntry& entry : response->entries()) {
    const absl::Time time = absl::FromUnixMillis(entry.time_unix_ms());
    table.Add({{HumanAge(session.world().now() - time)},
               {entry.who().empty() ? "-" : entry.who()},
               {entry.method()},
               {entry.code()},
               {entry.request()}});
  }
  table.Print(session.terminal());
  return kDone;
}

int RotateKey(Session& session, const RotateFlags& flags) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::RotateKeyRequest request;
  request.set_name(flags.name);
  request.set_grace_ms(absl::ToInt64Milliseconds(flags.grace));
  request.set_expires_in_ms(absl::ToInt64Milliseconds(flags.expires));
  const absl::StatusOr<v1::RotateKeyResponse> response =
      (*platform)->Call(&v1::Platform::RotateKey, std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
    return kDone;
  }
  session.out() << Safe(response->key()) << "\n";
  session.Note(Text("key '", Safe(response->info().name()), "' has this text now; the one before ",
                    flags.grace > absl::ZeroDuration()
                        ? Text("is taken for ", HumanTime(flags.grace), " more")
                        : "is refused from now on"));
  return kDone;
}

}  // namespace

Command MakeAudit() {
  auto flags = std::make_shared<AuditFlags>();
  return {.name = "audit",
          .summary = "who changed what is deployed, and who tried to",
          .group = "Settings",
          .examples = {"chains audit", "chains audit --last 1000 --json"},
          .options = {{"--last", "how many of the last changes (default: 20)", &flags->last}},
          .run = [flags](Session& session) { return ShowAudit(session, *flags); }};
}

Command MakeRotate() {
  auto flags = std::make_shared<RotateFlags>();
  return {.name = "rotate",
          .summary = "a new text for a key that stays what it is, shown this once",
          .examples = {"chains keys rotate phone-app --grace 24h",
                       "chains keys rotate ci --grace 0s --expires 720h"},
          .options = {{"NAME", "of the key", &flags->name, {.required = true}},
                      {"--grace",
                       "how long the text before is taken as well (default: 1h; 0s: not at all)",
                       &flags->grace,
                       {.may_be_zero = true}},
                      {"--expires", "for how long it is good from now on (default: as it was)",
                       &flags->expires}},
          .run = [flags](Session& session) { return RotateKey(session, *flags); }};
}

std::string ValidityOf(const v1::KeyInfo& key, absl::Time now) {
  std::string text;
  for (const std::string& chain : key.chains()) text += Text(text.empty() ? " of " : ", ", chain);
  if (key.expires_unix_ms() == 0) return text;
  const absl::Duration left = absl::FromUnixMillis(key.expires_unix_ms()) - now;
  return left > absl::ZeroDuration() ? Text(text, ", ", HumanAge(left), " more")
                                     : Text(text, ", expired");
}

}  // namespace chains::deploy::cli
