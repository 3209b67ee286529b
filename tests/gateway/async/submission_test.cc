// The body of …/async_run_remote.
#include "gateway/async/submission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

TEST(SubmissionTest, ReadsAllThatMayBeSaid) {
  const auto submission = ParseSubmission(R"({
      "model_input": {"names": ["Ada", "}"], "n": 1e3} ,
      "webhook_endpoint": "https://a.example/done", "priority": 2, "unknown": [{}],
      "max_time_in_queue_seconds": "30",
      "inference_retry_config": {"max_attempts": 5, "initial_delay_ms": 0, "max_delay_ms": 9.0}})");
  ASSERT_TRUE(submission.ok()) << submission.status();
  EXPECT_EQ(submission->model_input, R"({"names": ["Ada", "}"], "n": 1e3})");
  EXPECT_EQ(submission->webhook, "https://a.example/done");
  EXPECT_EQ(submission->priority, 2);
  EXPECT_EQ(submission->max_time_in_queue, absl::Seconds(30));
  EXPECT_EQ(submission->retries->max_attempts, 5);
  EXPECT_EQ(submission->retries->initial_delay, absl::ZeroDuration());
  EXPECT_EQ(submission->retries->max_delay, absl::Milliseconds(9));
}

TEST(SubmissionTest, HasDefaultsAndNullIsAsGoodAsNothing) {
  for (const char* body : {R"({"model_input": null})",
                           R"({"model_input": null, "webhook_endpoint": null, "priority": null,
            "max_time_in_queue_seconds": null, "inference_retry_config": null})"}) {
    const auto submission = ParseSubmission(body);
    ASSERT_TRUE(submission.ok()) << submission.status();
    EXPECT_EQ(submission->model_input, "null");
    EXPECT_EQ(submission->webhook, "");
    EXPECT_EQ(submission->priority, 0);
    EXPECT_EQ(submission->max_time_in_queue, absl::Seconds(600));
    EXPECT_FALSE(submission->retries.has_value());
  }
  EXPECT_EQ(DefaultRetries(true).max_attempts, 3);
  EXPECT_EQ(DefaultRetries(false).max_attempts, 1);
}

TEST(SubmissionTest, NamesWhatIsWrong) {
  const struct {
    const char* body;
    const char* says;
  } kCases[] = {
      {"", "1:1"},
      {"[]", "1:1"},
      {"{}", "missing: model_input"},
      {R"({"model_input": })", "1:17"},
      {R"({"model_input": 1} x)", "1:20"},
      {R"({"model_input": 1, "priority": 3})", "priority: an integer from 0 to 2"},
      {R"({"model_input": 1, "priority": -1})", "priority: an integer from 0 to 2"},
      {R"({"model_input": 1, "priority": 0.5})", "priority: an integer from 0 to 2"},
      {R"({"model_input": 1, "priority": "x"})", "priority: an integer from 0 to 2"},
      {R"({"model_input": 1, "priority": {}})", "priority: an integer from 0 to 2"},
      {R"({"model_input": 1, "max_time_in_queue_seconds": 9})", "from 10 to 259200"},
      {R"({"model_input": 1, "max_time_in_queue_seconds": 259201})", "from 10 to 259200"},
      {R"({"model_input": 1, "max_time_in_queue_seconds": 1e999})", "from 10 to 259200"},
      {R"({"model_input": 1, "webhook_endpoint": 7})", "1:40"},
      {R"({"model_input": 1, "inference_retry_config": {"max_attempts": 11}})",
       "inference_retry_config.max_attempts: an integer from 1 to 10"},
      {R"({"model_input": 1, "inference_retry_config": {"initial_delay_ms": -1}})",
       "inference_retry_config.initial_delay_ms: an integer from 0 to 10000"},
      {R"({"model_input": 1, "inference_retry_config": {"max_delay_ms": 60001}})",
       "inference_retry_config.max_delay_ms: an integer from 0 to 60000"},
  };
  for (const auto& [body, says] : kCases) {
    const absl::Status refused = ParseSubmission(body).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << body;
    EXPECT_THAT(std::string(refused.message()), HasSubstr(says)) << body;
  }
}

}  // namespace
}  // namespace chains::gateway
