#include "gateway/ui_host/sign_in.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "chains/contract/push_back.h"
#include "chains/core/text.h"
#include "chains/json/json_reader.h"
#include "chains/json/json_writer.h"
#include "gateway/app/errors.h"
#include "gateway/app/pages.h"
#include "gateway/ui_host/page_request.h"

namespace chains::gateway {
namespace {

// {"key": "…"}
absl::StatusOr<std::string> KeyOf(std::string_view body) {
  json::JsonReader reader(body);
  std::optional<std::string> key;
  std::string_view member;
  std::string_view text;
  reader.BeginObject();
  while (reader.NextMember(member)) {
    if (member != "key") {
      reader.Skip();
    } else if (reader.ReadString(text)) {
      key = std::string(text);
    }
  }
  if (!reader.Finish()) return reader.status();
  if (key) return *std::move(key);
  return absl::InvalidArgumentError("missing: key, the API key to sign in with");
}

// What a header, and so the cookie, can carry; no key has anything else.
bool CanBeKey(std::string_view key) {
  return !key.empty() &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

Response Empty(int status) {
  Response response;
  response.status = status;
  return response;
}

}  // namespace

absl::StatusOr<SignIn::User> SignIn::UserBy(std::optional<std::string> authorization) const {
  const absl::StatusOr<std::shared_ptr<const Routes>> routes = routes_.Now();
  if (!routes.ok()) return routes.status();
  User user;
  if (!(*routes)->keys()) {
    user.open = true;
    user.holder.invoke = user.holder.manage = true;
    return user;
  }
  absl::StatusOr<ApiKeys::Holder> holder = (*routes)->keys()->HolderOf(authorization, loop_.Now());
  if (!holder.ok()) return holder.status();
  user.holder = *std::move(holder);
  user.authorization = *std::move(authorization);
  return user;
}

absl::StatusOr<SignIn::User> SignIn::UserOf(const RequestHead& head) const {
  if (const auto shown = head.Header("authorization")) return UserBy(std::string(*shown));
  return UserBy(CookieKey(head));
}

Response SignIn::Login(const Request& request) {
  const absl::StatusOr<std::string> key = KeyOf(request.body);
  if (!key.ok()) return ErrorResponse(key.status());
  const absl::Time now = loop_.Now();
  const absl::Duration wait = wrong_.Wait(now);
  if (wait > absl::ZeroDuration()) {
    return ErrorResponse(WithRetryAfter(
        absl::ResourceExhaustedError("too many wrong keys were tried, come again later"), wait));
  }
  const absl::StatusOr<User> user = UserBy(CanBeKey(*key) ? Text("Api-Key ", *key) : "Api-Key");
  if (!user.ok()) {
    if (absl::IsUnauthenticated(user.status())) wrong_.Take(now);
    return ErrorResponse(user.status());
  }
  Response response = Empty(204);
  if (user->open) return response;  // nobody is asked for it
  const absl::Duration lifetime = std::min(options_.lifetime, user->holder.expires - now);
  response.headers.emplace_back("Set-Cookie", KeepingCookie(request.head, *key, lifetime));
  return response;
}

Response SignIn::Logout(const RequestHead& head) const {
  Response response = Empty(204);
  response.headers.emplace_back("Set-Cookie", DroppingCookie(head));
  return response;
}

Response SignIn::Session(const RequestHead& head) const {
  const absl::StatusOr<User> user = UserOf(head);
  if (!user.ok()) return ErrorResponse(user.status());
  const ApiKeys::Holder& holder = user->holder;
  const bool expires = holder.expires != absl::InfiniteFuture();
  json::JsonWriter json;
  json.BeginObject().Key("name").String(holder.name).Key("scopes").BeginArray();
  if (holder.invoke) json.String("invoke");
  if (holder.manage) json.String("manage");
  json.End().Key("platform").Bool(has_platform_).Key("open").Bool(user->open);
  // As a 64-bit integer is in proto3's JSON.
  json.Key("expires_unix_ms").String(expires ? Text(absl::ToUnixMillis(holder.expires)) : "0");
  json.End();
  return Page(kJsonType, std::move(json).Take());
}

}  // namespace chains::gateway
