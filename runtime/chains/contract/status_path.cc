#include "chains/contract/status_path.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chains/contract/push_back.h"
#include "chains/core/receipt.h"
#include "chains/v1/error.pb.h"

namespace chains {
namespace {

using internal::kPathType;

constexpr size_t kMaxHops = 16;           // more are cut from the middle
constexpr size_t kMaxDetailBytes = 4096;  // of grpc-status-details-bin
constexpr size_t kMaxNameBytes = 128;     // of each text in a hop
constexpr size_t kMaxPushBackBytes = 64;  // ours have at most 20
constexpr int kMaxLeftOut = 1'000'000;    // as far as they are counted

void CutMiddle(v1::ErrorPath& path, size_t max_hops) {
  const size_t count = static_cast<size_t>(path.hops_size());
  if (count <= max_hops) return;
  const size_t cut = count - max_hops;
  path.mutable_hops()->DeleteSubrange(static_cast<int>(max_hops / 2), static_cast<int>(cut));
  path.set_hops_left_out(path.hops_left_out() + static_cast<int>(cut));
}

// Whole characters: half of one would be no text for protobuf.
std::string ShortenedHop(const std::string& text) {
  if (text.size() <= kMaxNameBytes) return text;
  size_t size = kMaxNameBytes;
  while (size > 0 && (text[size] & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

void Add(v1::ErrorPath& path, const Hop& hop) {
  v1::ErrorHop& added = *path.add_hops();
  added.set_chainlet(ShortenedHop(hop.chainlet));
  added.set_method(ShortenedHop(hop.method));
  added.set_replica(ShortenedHop(hop.replica));
  added.set_attempt(hop.attempt);
}

Hop HopOf(const v1::ErrorHop& hop) {
  return {.chainlet = hop.chainlet(),
          .method = hop.method(),
          .replica = hop.replica(),
          .attempt = hop.attempt()};
}

// Within our bounds, whatever the sender's are.
v1::ErrorPath PathPayload(const absl::Status& status) {
  v1::ErrorPath path;
  v1::ErrorPath received;
  const absl::optional<absl::Cord> payload = status.GetPayload(kPathType);
  if (!payload || !received.ParseFromString(std::string(*payload))) return path;
  for (const v1::ErrorHop& hop : received.hops()) Add(path, HopOf(hop));
  path.set_hops_left_out(std::clamp(received.hops_left_out(), 0, kMaxLeftOut));
  CutMiddle(path, kMaxHops);
  return path;
}

absl::Status WithPayload(absl::Status status, const v1::ErrorPath& path) {
  status.SetPayload(kPathType, absl::Cord(path.SerializeAsString()));
  return status;
}

void AddDetail(v1::StatusDetails& details, absl::string_view type, std::string value) {
  google::protobuf::Any& any = *details.add_details();
  any.set_type_url(std::string(type));
  any.set_value(std::move(value));
}

}  // namespace

std::vector<Hop> PathOf(const absl::Status& status) {
  const v1::ErrorPath path = PathPayload(status);
  std::vector<Hop> hops;
  for (const v1::ErrorHop& hop : path.hops()) {
    if (path.hops_left_out() > 0 && hops.size() == static_cast<size_t>(path.hops_size()) / 2) {
      hops.push_back({.chainlet = absl::StrCat("… ", path.hops_left_out(), " left out …"),
                      .method = "",
                      .replica = ""});
    }
    hops.push_back(HopOf(hop));
  }
  return hops;
}

absl::Status WithHop(const absl::Status& status, Hop hop) {
  const v1::ErrorPath inner = PathPayload(status);
  v1::ErrorPath path;
  Add(path, hop);
  path.mutable_hops()->MergeFrom(inner.hops());
  path.set_hops_left_out(inner.hops_left_out());
  CutMiddle(path, kMaxHops);
  return WithPayload(status, path);
}

absl::Status WithPath(const absl::Status& status, const std::vector<Hop>& hops) {
  v1::ErrorPath path;
  for (const Hop& hop : hops) Add(path, hop);
  CutMiddle(path, kMaxHops);
  return WithPayload(status, path);
}

std::string PathText(const absl::Status& status) {
  return absl::StrJoin(PathOf(status), " > ", [](std::string* out, const Hop& hop) {
    absl::StrAppend(out, hop.chainlet);
    if (!hop.method.empty()) absl::StrAppend(out, ".", hop.method);
    std::vector<std::string> notes;
    if (!hop.replica.empty()) notes.push_back(absl::StrCat("replica ", hop.replica));
    if (hop.attempt > 0) notes.push_back(absl::StrCat("attempt ", hop.attempt));
    if (!notes.empty()) absl::StrAppend(out, " (", absl::StrJoin(notes, ", "), ")");
  });
}

std::string EncodeDetails(const absl::Status& status) {
  v1::StatusDetails details;
  details.set_code(static_cast<int>(status.code()));
  v1::ErrorPath path = PathPayload(status);
  for (size_t most = kMaxHops; path.hops_size() > 0; most /= 2) {
    CutMiddle(path, most);
    if (most <= 2 || path.ByteSizeLong() <= kMaxDetailBytes / 2) break;
  }
  if (path.hops_size() > 0) AddDetail(details, kPathType, path.SerializeAsString());
  // Before what chainlets attached, which may fill the rest.
  if (const absl::optional<absl::Cord> when = status.GetPayload(kPushBackType)) {
    if (when->size() <= kMaxPushBackBytes) AddDetail(details, kPushBackType, std::string(*when));
  }
  status.ForEachPayload([&details](absl::string_view type, const absl::Cord& payload) {
    if (type == kPathType || type == kPushBackType) return;
    AddDetail(details, type, std::string(payload));
    if (details.ByteSizeLong() > kMaxDetailBytes) details.mutable_details()->RemoveLast();
  });
  return details.details_size() == 0 ? std::string() : details.SerializeAsString();
}

absl::Status DecodeDetails(const absl::Status& status, std::string_view encoded) {
  v1::StatusDetails details;
  if (status.ok() || encoded.empty() ||
      !details.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
    return status;
  }
  absl::Status decoded = status;
  for (const google::protobuf::Any& any : details.details()) {
    decoded.SetPayload(any.type_url(), absl::Cord(any.value()));
  }
  return decoded;
}

}  // namespace chains
