#include "deploy/apiserver/url.h"

#include <memory>

#include <curl/curl.h>

#include "absl/strings/match.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

struct UrlEnd {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct TextEnd {
  void operator()(char* text) const { curl_free(text); }
};

std::string PartOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
  const std::unique_ptr<char, TextEnd> owner(text);
  return text;
}

}  // namespace

absl::StatusOr<UrlParts> ParseUrl(const std::string& url) {
  const std::unique_ptr<CURLU, UrlEnd> parsed(curl_url());
  if (parsed == nullptr || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(),
                                        CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return absl::InvalidArgumentError(Text("'", url, "' is no URL, as https://10.0.0.1:6443 is"));
  }
  UrlParts parts{.scheme = PartOf(parsed.get(), CURLUPART_SCHEME),
                 .host = PartOf(parsed.get(), CURLUPART_HOST),
                 .port = PartOf(parsed.get(), CURLUPART_PORT),
                 .path = PartOf(parsed.get(), CURLUPART_PATH)};
  if (parts.scheme != "http" && parts.scheme != "https") {
    return absl::InvalidArgumentError(Text("'", url, "': only http and https are possible"));
  }
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (PartOf(parsed.get(), part).empty()) continue;
    return absl::InvalidArgumentError(Text("'", url, "': a user, '?' or '#' has no place in it"));
  }
  while (parts.path.ends_with('/')) parts.path.pop_back();
  return parts;
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" || absl::StartsWith(ToAbsl(host), "127.");
}

}  // namespace chains::deploy
