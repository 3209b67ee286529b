#include "chains/http/json_channel.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "absl/strings/str_join.h"
#include "chains/core/loop.h"
#include "chains/core/text.h"
#include "chains/http/asked.h"
#include "chains/http/failure.h"
#include "chains/http/pieces.h"

namespace chains::http {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorSet;
using json::Transcoder;

constexpr const char* kJson = "application/json";
constexpr const char* kStreams = "text/event-stream, application/x-ndjson, application/json;q=0.5";

void AddFile(const FileDescriptor& file, std::set<std::string>& added, FileDescriptorSet& files) {
  if (!added.insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), added, files);
  google::protobuf::FileDescriptorProto& copy = *files.add_file();
  file.CopyTo(&copy);
  file.CopyJsonNameTo(&copy);
}

absl::StatusOr<std::unique_ptr<const Transcoder>> TranscoderOf(const ServiceInfo& service) {
  FileDescriptorSet files;
  std::set<std::string> added;
  AddFile(*service.descriptor()->file(), added, files);
  Transcoder::Limits limits;
  limits.dialect = json::Dialect::kPlain;
  return Transcoder::Create(files, service.name, limits);
}

bool TakesStream(const Method& method) {
  return method.kind == MethodKind::kClientStreaming || method.kind == MethodKind::kBidirectional;
}

bool IsFine(int status) { return status >= 200 && status < 300; }

std::string ContentTypeOf(const Response& head) {
  const auto header = head.headers.find("content-type");
  return header == head.headers.end() ? "" : header->second;
}

absl::Status TooLarge(std::string_view where) {
  return absl::ResourceExhaustedError(Text(where, ": an item of the answer is too large"));
}

}  // namespace

absl::Status CheckMapped(const ServiceInfo& service) {
  const absl::StatusOr<std::unique_ptr<const Transcoder>> transcoder = TranscoderOf(service);
  if (!transcoder.ok()) return transcoder.status();
  std::vector<std::string> problems;
  const auto& methods = (*transcoder)->methods();
  for (size_t i = 0; i < methods.size(); ++i) {
    const Transcoder::Method& method = *methods[i];
    const std::string name =
        Text(method.call.name, " (", service.proto_file, ":", service.methods[i].line, ")");
    if (TakesStream(method.call)) {
      problems.push_back(name + " takes a stream, which HTTP with JSON does not carry");
    } else if (method.http_path.empty()) {
      problems.push_back(name +
                         " does not say where it is: option (chains.v1.http) = {path: \"/…\"};");
    } else if (absl::Status good = CheckMapping(method.http_verb, method.http_path); !good.ok()) {
      problems.push_back(Text(name, ": ", MessageOf(good)));
    }
  }
  if (problems.empty()) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrJoin(problems, "; "));
}

absl::StatusOr<std::unique_ptr<JsonChannel>> JsonChannel::Make(
    const ServiceInfo& service, std::string url, std::shared_ptr<Transport> transport) {
  absl::StatusOr<std::unique_ptr<const Transcoder>> transcoder = TranscoderOf(service);
  if (!transcoder.ok()) return transcoder.status();
  while (url.ends_with('/')) url.pop_back();
  return std::unique_ptr<JsonChannel>(
      new JsonChannel(std::move(url), std::move(transport), *std::move(transcoder)));
}

const Transcoder::Method* JsonChannel::Find(const Method& method) const {
  for (const auto& each : transcoder_->methods()) {
    if (each->call.name == method.name) return each.get();
  }
  return nullptr;
}

absl::StatusOr<JsonChannel::Prepared> JsonChannel::Prepare(const Method& method,
                                                           const Bytes& request,
                                                           const Context& context,
                                                           absl::Time now) const {
  const Transcoder::Method* const known = Find(method);
  if (known == nullptr || known->http_path.empty() || TakesStream(method)) {
    return absl::UnimplementedError(
        Text(url_, ": HTTP does not carry ", method.path, "; its contract does not map it"));
  }
  absl::StatusOr<std::string> json = transcoder_->RequestToJson(*known, request.ToString());
  if (!json.ok()) return json.status();
  absl::StatusOr<Asked> asked = PlaceRequest(known->http_verb, known->http_path, *std::move(json));
  if (!asked.ok())
    return absl::Status(asked.status().code(), Text(url_, ": ", MessageOf(asked.status())));
  Request::Headers headers;
  headers.emplace_back("Accept", method.kind == MethodKind::kUnary ? kJson : kStreams);
  if (context.has_trace()) headers.emplace_back("traceparent", context.traceparent());
  if (context.deadline() != absl::InfiniteFuture()) {
    headers.emplace_back("Chains-Timeout", absl::FormatDuration(context.deadline() - now));
  }
  std::string where = url_ + asked->target;
  const std::string type = asked->body.empty() ? "" : kJson;
  return Prepared{.method = known,
                  .where = std::move(where),
                  .request = Request(known->http_verb, std::move(asked->target),
                                     std::move(asked->body), type, std::move(headers))};
}

absl::StatusOr<Bytes> JsonChannel::ReplyOf(const Prepared& asked, std::string_view json) const {
  absl::StatusOr<std::string> wire = transcoder_->ReplyToWire(*asked.method, json);
  if (wire.ok()) return Bytes(*wire);
  // It is not the caller's request that is wrong.
  return absl::InternalError(Text(asked.where, ": the answer is no ",
                                  asked.method->reply->descriptor->full_name(), ": ",
                                  MessageOf(wire.status())));
}

Task<Bytes> JsonChannel::Unary(const Method& method, Bytes request) {
  const internal::Here::Place here = co_await internal::Here();
  absl::StatusOr<Prepared> asked = Prepare(method, request, here.context(), here.loop().Now());
  if (!asked.ok()) co_return asked.status();
  Task<Response> sending = transport_->Send(std::move(asked->request), absl::InfiniteDuration());
  const Response answer = co_await std::move(sending);
  if (!IsFine(answer.status)) co_return FailureOf(asked->where, answer);
  co_return ReplyOf(*asked, answer.body);
}

Stream<Bytes> JsonChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  const internal::Here::Place here = co_await internal::Here();
  std::optional<Bytes> request = co_await requests.Next();
  if (!request) co_await absl::InvalidArgumentError(Text(url_, ": there is no request"));
  absl::StatusOr<Prepared> asked = Prepare(method, *request, here.context(), here.loop().Now());
  co_await asked.status();
  // How long it may be silent, its caller's deadline says.
  Stream<Response> answer = transport_->Follow(std::move(asked->request), absl::InfiniteDuration());
  std::optional<Response> head = co_await answer.Next();
  if (!head) co_await absl::InternalError(Text(asked->where, ": it did not answer"));
  if (!IsFine(head->status)) co_await FailureOf(asked->where, *head);
  Pieces pieces(ContentTypeOf(*head));
  std::optional<std::string> json = head->body.empty() ? std::nullopt : pieces.Line(head->body);
  for (bool more = true; more;) {
    if (json) {
      // In pieces, what was to come may turn out to be a failure.
      if (pieces.by_lines()) {
        if (std::optional<absl::Status> failure = FailureIn(asked->where, *json)) {
          co_await *failure;
        }
      }
      absl::StatusOr<Bytes> reply = ReplyOf(*asked, *json);
      co_await reply.status();
      co_yield *std::move(reply);
    }
    std::optional<Response> line = co_await answer.Next();
    more = line.has_value();
    json = more ? pieces.Line(line->body) : std::nullopt;
    if (pieces.too_large()) co_await TooLarge(asked->where);
  }
  if (std::optional<std::string> rest = pieces.End()) {
    absl::StatusOr<Bytes> reply = ReplyOf(*asked, *rest);
    co_await reply.status();
    co_yield *std::move(reply);
  }
}

}  // namespace chains::http
