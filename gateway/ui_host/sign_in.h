// SignIn: who uses the page: a key that is given once and stays in a cookie.
//
//   co_return sign_in.Login(request);     // POST /ui/login {"key": "…"}: 204, 401 or 429
//   co_return sign_in.Session(head);      // GET /ui/session: who it is, or 401
//   co_return sign_in.Logout(head);       // POST /ui/logout: 204
//
// Nothing of a session is kept here: the cookie has the key, and what that may do is looked up with
// each request, so a key that is revoked counts no more at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/policy/token_bucket.h"
#include "gateway/app/routes.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// For the loop's thread.
class SignIn {
 public:
  struct Options {
    absl::Duration lifetime = absl::Hours(12);  // of the cookie, and at most the key's
    // Wrong keys, of all clients together, since behind a proxy all have one address; after so many
    // nobody can sign in until there is room again.
    TokenBucket::Options wrong_keys = {.per_second = 1, .burst = 30};
  };
  // `loop` and `routes` outlive it. `has_platform`: what Session() says of it.
  SignIn(Loop& loop, const RoutesInForce& routes, bool has_platform, Options options)
      : loop_(loop),
        routes_(routes),
        has_platform_(has_platform),
        options_(options),
        wrong_(options.wrong_keys) {}

  Response Login(const Request& request);
  Response Logout(const RequestHead& head) const;
  Response Session(const RequestHead& head) const;

  struct User {
    std::string authorization;  // as the header has it; empty where nobody is asked for a key
    ApiKeys::Holder holder;
    bool open = false;
  };
  // Who asks, by Authorization or cookie. UNAUTHENTICATED: nobody that is known; UNAVAILABLE: it is
  // not known yet who is.
  absl::StatusOr<User> UserOf(const RequestHead& head) const;

 private:
  absl::StatusOr<User> UserBy(std::optional<std::string> authorization) const;

  Loop& loop_;
  const RoutesInForce& routes_;
  const bool has_platform_;
  const Options options_;
  TokenBucket wrong_;
};

}  // namespace chains::gateway
