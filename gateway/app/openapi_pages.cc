#include "gateway/app/openapi_pages.h"

#include <array>
#include <optional>
#include <utility>

#include <openssl/evp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "chains/core/blocking.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

using openapi::DescribedRoute;
using openapi::Document;

constexpr std::string_view kName = "/openapi.json";
constexpr size_t kAtOnce = 8;  // routes; a page of more is made off the loop

std::string EtagOf(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha256(), nullptr);
  constexpr size_t kShown = 12;  // bytes: as good as unique
  const std::string_view bytes(reinterpret_cast<const char*>(hash.data()), kShown);
  return Text("\"", absl::BytesToHexString(ToAbsl(bytes)), "\"");
}

// By RFC 9110, 13.1.2: weak comparison.
bool IsKnown(const RequestHead& head, std::string_view etag) {
  const std::optional<std::string_view> known = head.Header("if-none-match");
  if (!known) return false;
  for (absl::string_view each : absl::StrSplit(ToAbsl(*known), ',')) {
    each = absl::StripAsciiWhitespace(each);
    if (each == "*") return true;
    if (each.substr(0, 2) == "W/") each.remove_prefix(2);
    if (each == ToAbsl(etag)) return true;
  }
  return false;
}

std::optional<DescribedRoute> Described(const Target& target, std::string path) {
  if (target.transcoder() == nullptr) return std::nullopt;
  return DescribedRoute{.route = target.route(),
                        .path = std::move(path),
                        .contract = target.contract(),
                        .can_be_woken = target.deployment() != nullptr};
}

}  // namespace

Document OpenApiPages::DocumentOf(const Routes* routes) const {
  Document document{.routes = {}, .has_async = has_async_};
  if (routes == nullptr) return document;
  document.needs_key = routes->keys().has_value();
  document.leaves_out_deployments = routes->targets().size() > options_.max_described;
  for (size_t i = 0; i < routes->targets().size(); ++i) {
    const Target& target = *routes->targets()[i];
    const bool is_deployment = target.route().kind == Route::Kind::kDeployment;
    if (is_deployment && document.leaves_out_deployments) continue;
    std::optional<DescribedRoute> route = Described(target, routes->router().PathsOf(i).front());
    if (route) document.routes.push_back(*std::move(route));
  }
  return document;
}

absl::StatusOr<Document> OpenApiPages::DocumentAt(std::string_view path,
                                                  const Routes* routes) const {
  if (path == kName) return DocumentOf(routes);
  if (routes == nullptr) return absl::UnavailableError("the gateway has no routes yet");
  const absl::StatusOr<Router::Match> match = routes->router().Find(path);
  if (!match.ok()) return match.status();
  const Target& target = routes->target(match->route);
  std::string before(path.substr(0, path.size() - kName.size()));
  std::optional<DescribedRoute> route = Described(target, std::move(before));
  if (!route) return target.problem();
  Document document{.routes = {}, .has_async = has_async_, .is_of_one = true};
  document.needs_key = routes->keys().has_value();
  document.routes.push_back(*std::move(route));
  return document;
}

OpenApiPages::Source OpenApiPages::SourceOf(const Document& document) {
  Source source{.needs_key = document.needs_key, .paths = {}, .contracts = {}};
  if (document.leaves_out_deployments) source.paths.emplace_back("…");
  for (const DescribedRoute& route : document.routes) {
    source.paths.push_back(
        Text(route.route.ToString(), route.can_be_woken ? "!" : " ", route.path));
    source.contracts.push_back(route.contract);
  }
  return source;
}

std::shared_ptr<const OpenApiPages::Page> OpenApiPages::Kept(const std::string& path,
                                                             const Source& source) const {
  const auto found = pages_.find(path);
  if (found == pages_.end() || found->second.source != source) return nullptr;
  return found->second.page;
}

Task<Response> OpenApiPages::Answer(const RequestHead& head, std::shared_ptr<const Routes> routes) {
  const std::string path(head.path());
  const Document document = co_await DocumentAt(path, routes.get());
  Source source = SourceOf(document);
  std::shared_ptr<const Page> page = Kept(path, source);
  if (page == nullptr) {
    auto made = std::make_shared<Page>();
    if (document.routes.size() > kAtOnce) {
      co_await Blocking([&] { made->text = openapi::Written(document); });
    } else {
      made->text = openapi::Written(document);
    }
    made->etag = EtagOf(made->text);
    page = made;
    if (pages_.size() >= options_.max_kept) pages_.clear();
    pages_[path] = {.source = std::move(source), .page = page};
  }
  Response response;
  response.headers.emplace_back("ETag", page->etag);
  response.headers.emplace_back("Cache-Control", "no-cache");
  if (IsKnown(head, page->etag)) {
    response.status = 304;
  } else {
    response.headers.emplace_back("Content-Type", "application/json");
    response.body = page->text;
  }
  co_return response;
}

}  // namespace chains::gateway
