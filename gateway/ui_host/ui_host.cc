#include "gateway/ui_host/ui_host.h"

#include <array>
#include <cstdint>
#include <utility>

#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "gateway/app/errors.h"
#include "gateway/app/pages.h"
#include "gateway/body/accept.h"
#include "gateway/ui_host/page_headers.h"
#include "gateway/ui_host/page_request.h"
#include "gateway/ui_host/ui_folder.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kBase = "/ui";
constexpr std::string_view kApi = "/ui/api/";
constexpr uint64_t kMaxBody = 1 << 20;      // of a platform's method
constexpr uint64_t kMaxKeyBody = 16 << 10;  // of a login

// What is no file, and for the page alone.
bool IsForPage(std::string_view path) {
  return path.starts_with(kApi) || path == "/ui/login" || path == "/ui/logout" ||
         path == "/ui/session";
}

bool LikesHtml(const RequestHead& head) {
  // Programs say "*/*" or nothing, and are told what there is in JSON.
  constexpr std::array<std::string_view, 2> kTypes = {"application/json", "text/html"};
  const auto best = BestType(head.Header("accept").value_or("*/*"), kTypes);
  return best && *best == 1;
}

bool IsRead(const RequestHead& head) { return head.method == "GET" || head.method == "HEAD"; }

Response LeadTo(std::string_view where, int status) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Location", where);
  return response;
}

}  // namespace

UiHost::UiHost(UiSettings settings, const RoutesInForce& routes, const GatewayOptions& options,
               PlatformApi::Parts parts)
    : settings_(std::move(settings)),
      routes_(routes),
      sign_in_(parts.loop, routes, settings_.platform != nullptr, settings_.sign_in) {
  if (settings_.platform == nullptr) return;
  api_ = std::make_unique<PlatformApi>(*settings_.platform, options, std::move(parts));
}

bool UiHost::IsFor(const RequestHead& head) {
  const std::string_view path = head.path();
  if (path == "/") return IsRead(head) && LikesHtml(head);
  return path.starts_with(kBase) && (path.size() == kBase.size() || path[kBase.size()] == '/');
}

bool UiHost::IsOpen() const { return routes_.routes() != nullptr && !routes_.routes()->keys(); }

absl::Status UiHost::Problem(const RequestHead& head) const {
  if (!IsForPage(head.path())) return absl::OkStatus();
  if (!IsFromPage(head)) {
    return absl::PermissionDeniedError(
        "this is for the gateway's own page: the header 'Chains-UI: 1' is missing, or a page of "
        "another origin asks");
  }
  if (IsOpen() && !IsPlainHost(head)) {
    return absl::PermissionDeniedError(
        "nobody is asked for a key here, so the page works at an IP address or localhost only");
  }
  return absl::OkStatus();
}

Admission UiHost::Admit(const RequestHead& head) const {
  Admission admission;
  const std::string_view path = head.path();
  admission.max_body_bytes = path.starts_with(kApi) ? kMaxBody : kMaxKeyBody;
  absl::Status problem = Problem(head);
  // A body that is large is not waited for; who may not is told at once.
  if (problem.ok() && path.starts_with(kApi)) problem = sign_in_.UserOf(head).status();
  if (problem.ok()) return admission;
  admission.refusal = ErrorResponse(problem);
  AddApiHeaders(admission.refusal->headers);
  return admission;
}

Task<Response> UiHost::Handle(Request request) {
  const bool is_for_page = IsForPage(request.head.path());
  absl::StatusOr<Response> outcome = co_await Outcome(Answer(request));
  Response response = outcome.ok() ? *std::move(outcome) : ErrorResponse(outcome.status());
  is_for_page ? AddApiHeaders(response.headers) : AddPageHeaders(response.headers);
  co_return response;
}

Task<Response> UiHost::Answer(Request& request) {
  const RequestHead& head = request.head;
  const std::string_view path = head.path();
  const bool is_change = path.starts_with(kApi) || path == "/ui/login" || path == "/ui/logout";
  if (is_change && head.method != "POST") co_return NotAllowed("POST");
  if (!is_change && !IsRead(head)) co_return NotAllowed("GET, HEAD");
  if (path == "/") co_return LeadTo("/ui/", 302);
  if (path == kBase) co_return LeadTo("/ui/", 308);
  if (path == "/ui/login") co_return sign_in_.Login(request);
  if (path == "/ui/logout") co_return sign_in_.Logout(head);
  if (path == "/ui/session") co_return sign_in_.Session(head);
  if (path.starts_with(kApi)) {
    co_return co_await Api(request, std::string(path.substr(kApi.size())));
  }
  co_return co_await File(head, std::string(path.substr(kBase.size() + 1)));
}

Task<Response> UiHost::Api(Request& request, std::string name) {
  const SignIn::User user = co_await sign_in_.UserOf(request.head);
  if (!user.holder.manage) {
    co_await absl::PermissionDeniedError(
        "this key may not manage: make one that may with 'chains keys create --scope manage'");
  }
  if (api_ == nullptr) {
    co_await absl::NotFoundError("this gateway has no platform, only routes of its own");
  }
  const json::Transcoder::Method* const method = co_await api_->Find(name);
  co_return co_await api_->Call(request, *method, user.authorization);
}

Task<Response> UiHost::File(const RequestHead& head, std::string path) {
  if (!settings_.folder.empty()) {
    absl::StatusOr<Response> read;
    co_await Blocking([&] { read = AnswerFromFolder(settings_.folder, path, head); });
    co_return co_await std::move(read);
  }
  const UiAsset* const asset = settings_.assets->Find(path);
  if (asset == nullptr) co_await absl::NotFoundError("the page has no such file");
  co_return AnswerWith(*asset, head);
}

}  // namespace chains::gateway
