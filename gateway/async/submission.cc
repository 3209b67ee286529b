#include "gateway/async/submission.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "chains/core/text.h"
#include "chains/json/json_reader.h"

namespace chains::gateway {
namespace {

using json::JsonReader;

// An integer in a range, or nothing where there is a null.
bool ReadInteger(JsonReader& reader, std::string_view name, int64_t least, int64_t most,
                 std::optional<int64_t>& value) {
  const JsonReader::Kind kind = reader.Peek();
  if (kind == JsonReader::Kind::kNull) return reader.ReadNull();
  const size_t at = reader.offset();
  std::string_view text;
  const bool read = kind == JsonReader::Kind::kString   ? reader.ReadString(text)
                    : kind == JsonReader::Kind::kNumber ? reader.ReadNumber(text)
                                                        : false;
  double number = 0;
  const bool fits = read && absl::SimpleAtod(ToAbsl(text), &number) &&
                    number >= static_cast<double>(least) && number <= static_cast<double>(most) &&
                    std::floor(number) == number;
  if (!fits) {
    return reader.ok() &&
           reader.Fail(at, Text(name, ": an integer from ", least, " to ", most, " is expected"));
  }
  value = static_cast<int64_t>(number);
  return true;
}

bool ReadRetries(JsonReader& reader, std::optional<JobRetries>& retries) {
  if (reader.Peek() == JsonReader::Kind::kNull) return reader.ReadNull();
  if (!reader.BeginObject()) return false;
  std::optional<int64_t> attempts;
  std::optional<int64_t> initial;
  std::optional<int64_t> longest;
  std::string_view key;
  while (reader.NextMember(key)) {
    if (key == "max_attempts") {
      ReadInteger(reader, "inference_retry_config.max_attempts", 1, 10, attempts);
    } else if (key == "initial_delay_ms") {
      ReadInteger(reader, "inference_retry_config.initial_delay_ms", 0, 10'000, initial);
    } else if (key == "max_delay_ms") {
      ReadInteger(reader, "inference_retry_config.max_delay_ms", 0, 60'000, longest);
    } else {
      reader.Skip();
    }
  }
  if (!reader.ok()) return false;
  // Who says something about retries says that it may be repeated.
  retries = DefaultRetries(/*idempotent=*/true);
  if (attempts) retries->max_attempts = static_cast<int>(*attempts);
  if (initial) retries->initial_delay = absl::Milliseconds(*initial);
  if (longest) retries->max_delay = absl::Milliseconds(*longest);
  return true;
}

bool ReadInput(JsonReader& reader, std::optional<std::string>& input) {
  if (reader.Peek() == JsonReader::Kind::kNothing) return false;
  const size_t begin = reader.offset();
  if (!reader.Skip()) return false;
  input.emplace(reader.text().substr(begin, reader.offset() - begin));
  return true;
}

bool ReadWebhook(JsonReader& reader, std::string& webhook) {
  if (reader.Peek() == JsonReader::Kind::kNull) return reader.ReadNull();
  std::string_view text;
  if (!reader.ReadString(text)) return false;
  webhook = std::string(text);
  return true;
}

}  // namespace

JobRetries DefaultRetries(bool idempotent) {
  JobRetries retries;
  retries.max_attempts = idempotent ? 3 : 1;
  return retries;
}

absl::StatusOr<Submission> ParseSubmission(std::string_view body) {
  JsonReader reader(body);
  Submission submission;
  std::optional<std::string> input;
  std::optional<int64_t> priority;
  std::optional<int64_t> seconds;
  std::string_view key;
  reader.BeginObject();
  while (reader.NextMember(key)) {
    if (key == "model_input") {
      ReadInput(reader, input);
    } else if (key == "webhook_endpoint") {
      ReadWebhook(reader, submission.webhook);
    } else if (key == "priority") {
      ReadInteger(reader, "priority", 0, 2, priority);
    } else if (key == "max_time_in_queue_seconds") {
      ReadInteger(reader, "max_time_in_queue_seconds", 10, 259'200, seconds);
    } else if (key == "inference_retry_config") {
      ReadRetries(reader, submission.retries);
    } else {
      reader.Skip();
    }
  }
  if (!reader.Finish()) return reader.status();
  if (!input) {
    return absl::InvalidArgumentError(
        "missing: model_input, the request as run_remote would take it");
  }
  submission.model_input = *std::move(input);
  if (priority) submission.priority = static_cast<int>(*priority);
  if (seconds) submission.max_time_in_queue = absl::Seconds(*seconds);
  return submission;
}

}  // namespace chains::gateway
