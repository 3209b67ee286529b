#include "deploy/platform/names.h"

#include <algorithm>
#include <array>

#include <openssl/rand.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr std::string_view kAlphabet =
    "abcdefghjkmnpqrstuvwxyz23456789x";  // 32, so that a byte has no remainder
constexpr size_t kMaxName = 63;

absl::StatusOr<std::string> Random(size_t characters) {
  std::string bytes(characters, '\0');
  auto* const data = reinterpret_cast<unsigned char*>(bytes.data());
  if (RAND_bytes(data, static_cast<int>(bytes.size())) != 1) {
    return absl::InternalError("the system has no random numbers");
  }
  for (char& c : bytes) c = kAlphabet[static_cast<unsigned char>(c) % kAlphabet.size()];
  return bytes;
}

}  // namespace

std::string ShortNames(const std::vector<std::string>& chainlets) {
  return absl::StrJoin(chainlets, "+", [](std::string* out, const std::string& name) {
    absl::StrAppend(out, name.substr(name.rfind('.') + 1));
  });
}

absl::StatusOr<std::string> NewDeploymentId() { return Random(8); }
absl::StatusOr<std::string> NewReplicaSuffix() { return Random(5); }
absl::StatusOr<std::string> NewToken() { return Random(32); }

state::EnvironmentRecord Promoted(const Model& model, const std::string& chain,
                                  const std::string& environment, const std::string& deployment) {
  state::EnvironmentRecord record;
  if (const state::EnvironmentRecord* const known = model.Environment(chain, environment)) {
    record = *known;
  } else {
    record.set_chain(chain);
    record.set_name(environment);
    record.set_created_unix_ms(absl::ToUnixMillis(absl::Now()));
  }
  record.clear_canary();
  record.clear_ended_canary();
  if (record.deployment() != deployment) {
    record.set_previous(record.deployment());
    record.set_deployment(deployment);
  }
  return record;
}

absl::Status CheckName(std::string_view what, const std::string& name) {
  const bool valid =
      !name.empty() && name.size() <= kMaxName && std::all_of(name.begin(), name.end(), [](char c) {
        return absl::ascii_isalnum(c) || c == '-' || c == '_';
      });
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Text(what, " '", name, "': a name has 1 to ", kMaxName, " letters, digits, '-' and '_'"));
}

}  // namespace chains::deploy
