#include <memory>

#include <curl/curl.h>

#include "absl/strings/str_cat.h"
#include "fetch/http_client.h"

namespace transcribe {
namespace {

constexpr size_t kLongestUrl = 8192;

struct Deleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(char* text) const { curl_free(text); }
};
using Url = std::unique_ptr<CURLU, Deleter>;

std::string Part(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) return "";
  return std::unique_ptr<char, Deleter>(text).get();
}

absl::Status Check(const Url& url) {
  const std::string scheme = Part(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return absl::InvalidArgumentError(
        absl::StrCat("media_url: '", scheme, "' is not fetched; it can be http or https"));
  }
  if (Part(url, CURLUPART_HOST).empty()) return absl::InvalidArgumentError("media_url has no host");
  return absl::OkStatus();
}

absl::StatusOr<Url> Parse(const std::string& text) {
  if (text.size() > kLongestUrl) {
    return absl::InvalidArgumentError(
        absl::StrCat("media_url is longer than ", kLongestUrl, " bytes"));
  }
  Url url(curl_url());
  if (url == nullptr) return absl::ResourceExhaustedError("media_url: no memory");
  if (text.find('\0') != text.npos ||
      curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return absl::InvalidArgumentError("media_url is no URL, like https://host/speech.mp3");
  }
  if (absl::Status status = Check(url); !status.ok()) return status;
  return url;
}

}  // namespace

absl::Status CheckUrl(const std::string& url) { return Parse(url).status(); }

absl::StatusOr<std::string> FollowRedirect(const std::string& url, const std::string& location) {
  absl::StatusOr<Url> parsed = Parse(url);
  if (!parsed.ok()) return parsed.status();
  const bool was_https = Part(*parsed, CURLUPART_SCHEME) == "https";
  if (location.empty() || location.size() > kLongestUrl ||
      curl_url_set(parsed->get(), CURLUPART_URL, location.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
          CURLUE_OK) {
    return absl::InvalidArgumentError("media_url: the server redirects to what is no URL");
  }
  if (absl::Status status = Check(*parsed); !status.ok()) return status;
  if (was_https && Part(*parsed, CURLUPART_SCHEME) == "http") {
    return absl::PermissionDeniedError("media_url: a redirect from https to http is not followed");
  }
  return Part(*parsed, CURLUPART_URL);
}

}  // namespace transcribe
