// PlatformService: keys that get a new text, and who changed what.
#include <utility>

#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "deploy/platform/audit_log.h"
#include "deploy/platform/platform_service.h"
#include "deploy/state/keys.h"

namespace chains::deploy {
namespace {

constexpr uint32_t kUsualEntries = 100;
constexpr uint32_t kMostEntries = 10'000;

}  // namespace

Task<v1::RotateKeyResponse> PlatformService::RotateKey(v1::RotateKeyRequest request) {
  co_await Authorize();
  if (request.grace_ms() < 0 || absl::Milliseconds(request.grace_ms()) > kLongestGrace) {
    co_return absl::InvalidArgumentError(
        Text("grace_ms is ", request.grace_ms(), "; 0 to 30 days are possible"));
  }
  const absl::Time now = absl::Now();
  const int64_t expires = co_await ExpiryOf(request.expires_in_ms(), now);
  const Permit changing = co_await parts_.keeper.Begin();
  const auto found = parts_.model.keys.find(request.name());
  if (found == parts_.model.keys.end()) {
    co_return absl::NotFoundError(Text("there is no key '", request.name(), "'"));
  }
  state::KeyRecord record = found->second;
  if (expires == 0 && HasExpired(record, now)) {
    co_return absl::FailedPreconditionError(
        Text("the key '", request.name(), "' has expired; say how long it is to be good for now"));
  }
  if (expires != 0) record.set_expires_unix_ms(expires);
  NewApiKey made = co_await NewKey();
  Rotate(record, made, now, absl::Milliseconds(request.grace_ms()));
  v1::RotateKeyResponse response;
  *response.mutable_info() = ToKeyInfo(record);
  response.set_key(std::move(made.text));
  Store::Change change;
  change.put_keys.push_back(std::move(record));
  co_await parts_.keeper.Keep(std::move(change));
  co_return response;
}

Task<v1::ReadAuditResponse> PlatformService::ReadAudit(v1::ReadAuditRequest request) {
  co_await Authorize();
  if (parts_.audit == nullptr) {
    co_return absl::UnimplementedError("this platform writes no audit log");
  }
  const uint32_t limit = request.limit() == 0 ? kUsualEntries : request.limit();
  if (limit > kMostEntries) {
    co_return absl::InvalidArgumentError(
        Text("limit is ", limit, "; at most ", kMostEntries, " are possible"));
  }
  const auto entries = co_await Blocking([&] { return parts_.audit->Last(limit); });
  v1::ReadAuditResponse response;
  for (const v1::AuditEntry& entry : entries) *response.add_entries() = entry;
  co_return response;
}

}  // namespace chains::deploy
