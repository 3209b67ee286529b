// Any body of …/async_run_remote, and any address of a webhook: what is taken is within its bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "chains/json/json_reader.h"
#include "gateway/async/submission.h"
#include "gateway/async/web_address.h"

namespace chains::gateway {
namespace {

void Try(std::string_view body) {
  const bool anywhere = CheckWebhookUrl(body, Reach::kAnywhere).ok();
  if (CheckWebhookUrl(body, Reach::kPublic).ok() && !anywhere) std::abort();
  if (anywhere && body.find_first_of("\r\n \\") != std::string_view::npos) std::abort();
  const auto submission = ParseSubmission(body);
  if (!submission.ok()) return;
  json::JsonReader input(submission->model_input);
  if (!input.Skip() || !input.Finish()) std::abort();
  if (submission->priority < 0 || submission->priority > 2) std::abort();
  if (submission->max_time_in_queue < absl::Seconds(10) ||
      submission->max_time_in_queue > absl::Seconds(259'200)) {
    std::abort();
  }
  const JobRetries retries = submission->retries.value_or(DefaultRetries(false));
  if (retries.max_attempts < 1 || retries.max_attempts > 10) std::abort();
  if (retries.max_delay > absl::Minutes(1)) std::abort();
  CheckWebhookUrl(submission->webhook, Reach::kPublic).IgnoreError();
}

}  // namespace
}  // namespace chains::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::gateway::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
