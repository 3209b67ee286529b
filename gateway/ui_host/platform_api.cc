#include "gateway/ui_host/platform_api.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "chains/core/context.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "chains/core/trace.h"
#include "chains/v1/platform.pb.h"
#include "gateway/app/call_headers.h"
#include "gateway/app/errors.h"
#include "gateway/app/invocation.h"
#include "gateway/app/packing.h"
#include "gateway/app/receipt_header.h"
#include "gateway/app/request_trace.h"
#include "gateway/app/stream_call.h"
#include "gateway/app/unary_call.h"
#include "gateway/ui_host/page_headers.h"

namespace chains::gateway {
namespace {

using json::Transcoder;

constexpr const char* kService = "chains.v1.Platform";
constexpr size_t kMostCalls = 256;  // at a time; live logs and the like among them
// Log lines and deployments may be long in coming. Who leaves ends his stream at once.
constexpr absl::Duration kSilence = absl::Hours(1);
// Files are pushed by the command line.
constexpr std::array<std::string_view, 2> kNotForPages = {"find_missing", "upload"};

void AddFile(const google::protobuf::FileDescriptor& file, std::set<std::string>& added,
             google::protobuf::FileDescriptorSet& files) {
  if (!added.insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), added, files);
  google::protobuf::FileDescriptorProto& copy = *files.add_file();
  file.CopyTo(&copy);
  file.CopyJsonNameTo(&copy);
}

// Its contract is of this program, so it is fine.
std::unique_ptr<Target> TargetOf(Channel& platform) {
  Target::Contract contract{.descriptors = google::protobuf::FileDescriptorSet(),
                            .entrypoint = kService,
                            .dialect = json::Dialect::kProto3};
  std::set<std::string> added;
  AddFile(*v1::AboutRequest::descriptor()->file(), added, *contract.descriptors);
  // How it is counted: of no chain, as `ui`.
  const Route route{.chain = "", .kind = Route::Kind::kEnvironment, .name = "ui"};
  return *Target::Create(route, platform, contract);
}

GatewayOptions OptionsFrom(const GatewayOptions& gateway) {
  GatewayOptions options = gateway;
  options.streams.idle_timeout = kSilence;
  return options;
}

Headers HeadersOf(const RequestHead& head, const std::string& authorization) {
  Headers headers;
  headers.emplace_back("x-request-id", RequestIdOf(head));
  if (!authorization.empty()) headers.emplace_back("authorization", authorization);
  return headers;
}

}  // namespace

PlatformApi::PlatformApi(Channel& platform, const GatewayOptions& options, Parts parts)
    : parts_(std::move(parts)),
      options_(OptionsFrom(options)),
      quotas_({.max_in_flight = kMostCalls, .dry_run = false}),
      target_(TargetOf(platform)) {}

absl::StatusOr<const Transcoder::Method*> PlatformApi::Find(std::string_view name) const {
  const std::string snake = json::SnakeCase(name);
  const bool is_kept =
      std::find(kNotForPages.begin(), kNotForPages.end(), snake) != kNotForPages.end();
  const Transcoder::Method* const method = target_->transcoder()->Find(snake);
  if (method != nullptr && !is_kept) return method;
  return absl::NotFoundError(Text("/ui/api has no such method of ", kService));
}

Task<Response> PlatformApi::Call(Request& request, const Transcoder::Method& method,
                                 const std::string& authorization) {
  const absl::Time now = parts_.loop.Now();
  Tally tally(parts_.loop, parts_.nowhere, request.body.size());
  tally.At(target_->SeriesOf(method, parts_.metrics));
  const bool unary = method.call.kind == MethodKind::kUnary;
  const absl::StatusOr<absl::Duration> timeout = TimeoutOf(
      request.head, unary ? options_.timeout : options_.streams.timeout, options_.max_timeout);
  absl::StatusOr<Quotas::Stay> stay = quotas_.Enter(nullptr, now);
  absl::StatusOr<Response> outcome;
  if (timeout.ok() && stay.ok()) {
    tally.Holds(*std::move(stay));
    Context context(now + *timeout, TraceOf(request.head).trace,
                    HeadersOf(request.head, authorization));
    outcome = co_await Outcome(Invoke(request, method, std::move(context), tally));
  } else {
    outcome = timeout.ok() ? stay.status() : timeout.status();
  }
  Response response = outcome.ok() ? *std::move(outcome) : ErrorResponse(outcome.status());
  if (IsWorthPacking(response)) co_await Pack(request.head, response, options_.blocking_bytes);
  tally.Answered(response.status);
  tally.BytesOut(response.body.size());
  co_return response;
}

Task<Response> PlatformApi::Invoke(Request& request, const Transcoder::Method& method,
                                   Context context, Tally& tally) {
  CallersReceipt receipt(request.head);
  RequestTrace trace(parts_.loop, TraceOf(request.head));
  receipt.Is(trace.At({}, "", receipt.asked()));
  if (request.body.empty()) request.body = "{}";
  Invocation invocation(parts_.loop, options_, nullptr, *target_, method, std::move(context),
                        receipt, trace, tally, parts_.held);
  if (method.call.kind == MethodKind::kUnary) {
    co_return co_await UnaryCall(request, invocation);
  }
  co_return co_await StreamCall(request, invocation);
}

}  // namespace chains::gateway
