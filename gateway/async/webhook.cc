#include "gateway/async/webhook.h"

#include <array>
#include <fstream>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"

namespace chains::gateway {
namespace {

using json::JsonWriter;

constexpr size_t kShortestSecret = 16;

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

void WriteJob(const JobView& job, JsonWriter& json) {
  json.Key("request_id").String(job.id);
  json.Key("chain").String(job.place.chain);
  json.Key(job.place.deployment ? "deployment" : "environment").String(job.place.name);
  json.Key("method").String(job.method);
  json.Key("status").String(NameOf(job.state));
}

void WriteTimes(const JobView& job, JsonWriter& json) {
  json.Key("priority").Integer(job.priority);
  json.Key("attempts").Integer(job.attempts);
  json.Key("created_at").String(TimeText(job.created));
  json.Key("status_at").String(TimeText(job.changed));
}

void WriteEnd(const JobView& job, JsonWriter& json) {
  if (job.state == JobState::kSucceeded) {
    json.Key("result").Raw(job.result);
  } else if (IsFinal(job.state)) {
    json.Key("errors").BeginArray().Raw(job.error).End();
  }
}

std::string BodyFor(const JobView& job) {
  JsonWriter json;
  json.BeginObject();
  WriteJob(job, json);
  json.Key("type").String("async_request_completed");
  WriteTimes(job, json);
  WriteEnd(job, json);
  json.End();
  return std::move(json).Take();
}

}  // namespace

std::string SignatureOf(std::string_view secret, std::string_view timestamp,
                        std::string_view body) {
  const std::string text = Text(timestamp, ".", body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(), &size);
  return Text("v1=", absl::BytesToHexString(
                         absl::string_view(reinterpret_cast<const char*>(code.data()), size)));
}

WebhookMessage MessageFor(const LeasedDelivery& delivery, const std::vector<std::string>& secrets,
                          absl::Time now) {
  WebhookMessage message{.url = delivery.url, .headers = {}, .body = BodyFor(delivery.job)};
  const std::string timestamp = Text(absl::ToUnixSeconds(now));
  message.headers = {{"Content-Type", "application/json"},
                     {"User-Agent", "chains-gateway"},
                     {"X-Chains-Delivery", delivery.job.id},
                     {"X-Chains-Attempt", Text(delivery.attempts)},
                     {"X-Chains-Timestamp", timestamp}};
  std::vector<std::string> signatures;
  signatures.reserve(secrets.size());
  for (const std::string& secret : secrets) {
    signatures.push_back(SignatureOf(secret, timestamp, message.body));
  }
  if (!signatures.empty()) {
    message.headers.emplace_back("X-Chains-Signature", absl::StrJoin(signatures, ","));
  }
  return message;
}

absl::StatusOr<std::vector<std::string>> LoadWebhookSecrets(const std::string& file) {
  std::ifstream lines(file);
  if (!lines) return absl::NotFoundError(Text("cannot read ", file));
  std::vector<std::string> secrets;
  std::string line;
  while (std::getline(lines, line)) {
    const auto secret = std::string(absl::StripAsciiWhitespace(line));
    if (secret.empty()) continue;
    if (secret.size() < kShortestSecret) {
      return absl::InvalidArgumentError(
          Text(file, ": a secret has at least ", kShortestSecret, " bytes"));
    }
    secrets.push_back(secret);
  }
  if (secrets.empty()) return absl::InvalidArgumentError(Text(file, ": there is no secret in it"));
  return secrets;
}

std::string StatusJson(const JobView& job) {
  JsonWriter json;
  json.BeginObject();
  WriteJob(job, json);
  json.Key("webhook_status").String(NameOf(job.webhook_state));
  WriteTimes(job, json);
  if (job.state == JobState::kQueued) json.Key("expires_at").String(TimeText(job.expires));
  WriteEnd(job, json);
  json.Key("webhook_deliveries").BeginArray();
  for (const DeliveryRecord& delivery : job.deliveries) {
    json.BeginObject().Key("attempt").Integer(delivery.attempt);
    json.Key("at").String(TimeText(delivery.at)).Key("status").Integer(delivery.status);
    if (!delivery.error.empty()) json.Key("error").String(delivery.error);
    json.End();
  }
  json.End().End();
  return std::move(json).Take();
}

}  // namespace chains::gateway
