#include "gateway/app/async_calls.h"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/evp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "chains/contract/status_path.h"
#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"
#include "gateway/app/call_headers.h"
#include "gateway/app/errors.h"
#include "gateway/app/pages.h"
#include "gateway/async/submission.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kPrefix = "async_";
constexpr std::string_view kRequests = "/async_request/";
constexpr size_t kLongestKey = 255;
constexpr size_t kSmallInput = 256 << 10;  // larger ones are looked through off the loop
constexpr int kUnprocessable = 422;

// Each with its length before it, so that no two lists of texts are alike.
std::string Digest(std::initializer_list<std::string_view> texts) {
  std::string all;
  for (const std::string_view text : texts) all += Text(text.size(), ":", text, ",");
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(all.data(), all.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

// What the chainlets see when the job runs, as if the request came then; who asked, they see by
// x-request-id, which is the job's own id with every attempt.
std::string HeadersToKeep(const RequestHead& head) {
  std::string lines;
  for (const auto& [name, value] : ForwardedOf(head, "")) {
    if (name != "x-request-id") lines += Text(name, ": ", value, "\n");
  }
  if (const auto trace = head.Header("traceparent")) {
    const bool one_line = trace->find('\n') == std::string_view::npos;
    if (one_line && trace->size() < 128) lines += Text("traceparent: ", *trace, "\n");
  }
  return lines;
}

std::shared_ptr<Request> RequestOf(const LeasedJob& job) {
  RequestHead head;
  head.method = "POST";
  head.target = job.place.PathOf(job.method);
  for (const absl::string_view line : absl::StrSplit(job.headers, '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> header =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    head.headers.push_back(header);
  }
  head.headers.emplace_back("content-type", kJsonType);
  head.headers.emplace_back("x-request-id", job.id);
  head.headers.emplace_back("chains-timeout", absl::FormatDuration(job.timeout));
  head.content_length = job.input.size();
  return std::make_shared<Request>(std::move(head), job.input);
}

// Whether a chainlet heard of the call: what the way to the entrypoint answers has no path, and an
// entrypoint that has no room is at most the only one in it.
bool WasCalled(const absl::Status& status) {
  const size_t hops = chains::PathOf(status).size();
  if (status.code() == absl::StatusCode::kUnavailable) return hops > 0;
  return status.code() != absl::StatusCode::kResourceExhausted || hops > 1;
}

absl::Status CheckKey(std::string_view key) {
  const bool fine =
      !key.empty() && key.size() <= kLongestKey && std::all_of(key.begin(), key.end(), [](char c) {
        return absl::ascii_isprint(static_cast<unsigned char>(c));
      });
  if (fine) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Text("Idempotency-Key: 1 to ", kLongestKey, " printable characters are expected"));
}

}  // namespace

std::optional<std::string_view> AsyncMethod(std::string_view name) {
  if (!name.starts_with(kPrefix) || name.size() == kPrefix.size()) return std::nullopt;
  return name.substr(kPrefix.size());
}

std::optional<std::string_view> AsyncRequestOf(std::string_view target) {
  if (!target.starts_with(kRequests)) return std::nullopt;
  return target.substr(0, target.find_first_of("?#")).substr(kRequests.size());
}

AsyncCalls::AsyncCalls(Loop& loop, AsyncSettings settings, Run run)
    : loop_(loop),
      run_(std::move(run)),
      reach_(settings.reach),
      max_body_bytes_(settings.max_body_bytes),
      timeout_(settings.timeout),
      queue_(
          loop, std::move(settings.store), std::move(settings.webhooks),
          [this](std::shared_ptr<const LeasedJob> job) { return RunJob(std::move(job)); },
          std::move(settings.queue)) {}

absl::StatusOr<NewJob> AsyncCalls::JobOf(const Request& request, const Route& route,
                                         const json::Transcoder::Method& method,
                                         absl::Duration max_timeout) const {
  absl::StatusOr<Submission> submission = ParseSubmission(request.body);
  if (!submission.ok()) return submission.status();
  if (!submission->webhook.empty()) {
    absl::Status url = CheckWebhookUrl(submission->webhook, reach_);
    if (!url.ok()) return url;
  }
  const absl::StatusOr<absl::Duration> timeout = TimeoutOf(
      request.head, std::min(method.timeout.value_or(timeout_), max_timeout), max_timeout);
  if (!timeout.ok()) return timeout.status();
  NewJob job;
  job.id = NewJobId();
  job.place = {.chain = route.chain,
               .deployment = route.kind == Route::Kind::kDeployment,
               .name = route.name};
  job.method = method.snake_name;
  job.input = std::move(submission->model_input);
  job.headers = HeadersToKeep(request.head);
  job.webhook = std::move(submission->webhook);
  job.priority = submission->priority;
  job.max_time_in_queue = submission->max_time_in_queue;
  job.timeout = *timeout;
  job.retries = submission->retries.value_or(DefaultRetries(method.call.idempotent));
  job.created = loop_.Now();
  if (const auto key = request.head.Header("idempotency-key")) {
    absl::Status fine = CheckKey(*key);
    if (!fine.ok()) return fine;
    // Of who asked: another's key of the same name is another key.
    const std::string_view who = request.head.Header("authorization").value_or("");
    job.idempotency = Digest({who, job.place.PathOf(job.method), *key});
    job.fingerprint = Digest({request.body});
  }
  return job;
}

Task<Response> AsyncCalls::Accept(const Request& request, const Route& route,
                                  const json::Transcoder& transcoder,
                                  const json::Transcoder::Method& method,
                                  absl::Duration max_timeout) {
  if (method.call.kind != MethodKind::kUnary) {
    co_return absl::UnimplementedError(
        Text(method.snake_name, " is a stream: only calls with one reply can be queued"));
  }
  absl::StatusOr<NewJob> job;
  // What could not be called later is refused now.
  const auto look = [&] {
    job = JobOf(request, route, method, max_timeout);
    if (!job.ok()) return;
    const absl::Status fits = transcoder.RequestToWire(method, job->input).status();
    if (!fits.ok()) {
      job = absl::Status(fits.code(), ToAbsl(Text("model_input: ", MessageOf(fits))));
    }
  };
  if (request.body.size() > kSmallInput) {
    co_await Blocking(look);
  } else {
    look();
  }
  co_await job.status();
  auto shared = std::make_shared<const NewJob>(*std::move(job));
  const absl::StatusOr<JobStore::Accepted> accepted =
      co_await Outcome(queue_.Accept(std::move(shared)));
  if (absl::IsAlreadyExists(accepted.status())) {
    co_return ErrorResponse(accepted.status(), kUnprocessable);
  }
  co_await accepted.status();
  json::JsonWriter json;
  json.BeginObject().Key("request_id").String(accepted->id).End();
  Response response = Page(kJsonType, std::move(json).Take());
  response.status = 201;
  response.headers.emplace_back("Location", Text(kRequests, accepted->id));
  if (accepted->existed) response.headers.emplace_back("Idempotent-Replayed", "true");
  co_return response;
}

Task<Response> AsyncCalls::Answer(const RequestHead& head, std::string id, MayAsk may) {
  const bool cancels = head.method == "DELETE";
  if (!cancels && head.method != "GET") co_return NotAllowed("DELETE, GET");
  std::optional<JobView> job = co_await queue_.Find(id);
  // Of a chain that is none of his he learns nothing.
  if (job && !may(job->place.chain).ok()) job.reset();
  if (job && cancels) job = co_await queue_.Cancel(std::move(id));
  if (!job) {
    co_return absl::NotFoundError(
        "there is no such request: it was never accepted here, or is forgotten by now");
  }
  Response response = Page(kJsonType, StatusJson(*job));
  response.headers.emplace_back("Cache-Control", "no-store");
  if (cancels && job->state != JobState::kCanceled) response.status = 409;
  co_return response;
}

Task<Attempt> AsyncCalls::RunJob(std::shared_ptr<const LeasedJob> job) const {
  absl::StatusOr<Response> response = co_await Outcome(run_(RequestOf(*job)));
  Attempt attempt;
  if (response.ok() && response->status == 200) {
    attempt.result = std::move(response->body);
  } else if (response.ok()) {
    // Too large, by what the contract makes of it: its status was no failure of the call.
    attempt.status = absl::InvalidArgumentError(Text("HTTP status ", response->status));
  } else {
    attempt.status = response.status();
    attempt.error = ErrorObject(response.status());
    attempt.called = WasCalled(response.status());
  }
  co_return attempt;
}

}  // namespace chains::gateway
