// Cors: which pages of other origins may call the gateway from a browser (the Fetch standard's
// CORS protocol).
//
//   absl::StatusOr<Cors> cors = Cors::Create({"https://app.example.com"});
//   if (std::optional<Response> answer = cors->Preflight(head)) return answer;   // wants no key
//   cors->Expose(head, response);
//
// Nothing is said where no origin is allowed. Credentials are not: a key travels in a header that a
// page sets itself, and with `*` a browser would not take them.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// Immutable: any thread may read it.
class Cors {
 public:
  Cors() = default;  // allows nobody

  // Each "https://HOST[:PORT]" or "http://…", in lower case and without a path, as browsers send
  // them; or "*": every page. INVALID_ARGUMENT says which is none.
  static absl::StatusOr<Cors> Create(const std::vector<std::string>& origins);

  bool enabled() const { return all_ || !origins_.empty(); }
  // Whether a page of this origin may call; also what a WebSocket's origin is held against.
  bool Allows(std::string_view origin) const;

  // The answer to a browser's question beforehand: 204 with what is allowed, without it where the
  // origin is not. nullopt for any other request, and where no origin is allowed at all.
  std::optional<Response> Preflight(const RequestHead& head) const;
  // Headers for the page, on whatever was answered; `Vary: Origin` where that depends on it.
  void Expose(const RequestHead& head, Response& response) const;

 private:
  void AllowOrigin(const RequestHead& head, HttpHeaders& headers) const;

  bool all_ = false;
  std::set<std::string, std::less<>> origins_;
};

}  // namespace chains::gateway
