// What a webhook is told.
#include "gateway/async/webhook.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/async/temp_folder.h"

namespace chains::gateway {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

const absl::Time kNow = absl::FromUnixMillis(1'800'000'000'123);

LeasedDelivery Delivery() {
  LeasedDelivery delivery;
  delivery.url = "https://a.example/";
  delivery.attempts = 2;
  delivery.job.id = "req_1";
  delivery.job.place = {.chain = "hello", .deployment = false, .name = "production"};
  delivery.job.method = "run_remote";
  delivery.job.state = JobState::kSucceeded;
  delivery.job.attempts = 1;
  delivery.job.created = kNow;
  delivery.job.changed = kNow + absl::Seconds(1);
  delivery.job.result = R"({"a": [1]})";
  return delivery;
}

// By `printf '%s' '1800000000.{}' | openssl dgst -sha256 -hmac secret`.
TEST(WebhookTest, SignsTimestampAndBody) {
  EXPECT_EQ(SignatureOf("secret", "1800000000", "{}"),
            "v1=bb7079132825ac793cea8c013c1dd24d926b9b02132245b10588d9e5c0df70d7");
}

TEST(WebhookTest, SaysTheResult) {
  const WebhookMessage message = MessageFor(Delivery(), {"one", "two"}, kNow);
  EXPECT_EQ(message.body,
            R"({"request_id":"req_1","chain":"hello","environment":"production",)"
            R"("method":"run_remote","status":"SUCCEEDED","type":"async_request_completed",)"
            R"("priority":0,"attempts":1,"created_at":"2027-01-15T08:00:00.123Z",)"
            R"("status_at":"2027-01-15T08:00:01.123Z","result":{"a": [1]}})");
  EXPECT_THAT(message.headers, Contains(Pair("X-Chains-Delivery", "req_1")));
  EXPECT_THAT(message.headers, Contains(Pair("X-Chains-Attempt", "2")));
  EXPECT_THAT(message.headers, Contains(Pair("X-Chains-Timestamp", "1800000000")));
  EXPECT_THAT(message.headers, Contains(Pair("X-Chains-Signature",
                                             SignatureOf("one", "1800000000", message.body) + "," +
                                                 SignatureOf("two", "1800000000", message.body))));
}

TEST(WebhookTest, SaysTheErrorAndIsUnsignedWithoutSecrets) {
  LeasedDelivery delivery = Delivery();
  delivery.job.state = JobState::kFailed;
  delivery.job.error = R"({"code":"INTERNAL"})";
  const WebhookMessage message = MessageFor(delivery, {}, kNow);
  EXPECT_THAT(message.body, HasSubstr(R"("errors":[{"code":"INTERNAL"}])"));
  EXPECT_THAT(message.body, Not(HasSubstr("result")));
  EXPECT_THAT(message.headers, Not(Contains(Pair("X-Chains-Signature", ::testing::_))));
}

TEST(WebhookTest, AStatusHasNoResultBeforeThereIsOne) {
  JobView job = Delivery().job;
  job.state = JobState::kQueued;
  job.expires = kNow + absl::Seconds(600);
  job.deliveries = {{.attempt = 1, .at = kNow, .status = 503, .error = "it answered 503"}};
  EXPECT_EQ(StatusJson(job),
            R"({"request_id":"req_1","chain":"hello","environment":"production",)"
            R"("method":"run_remote","status":"QUEUED","webhook_status":"NO_WEBHOOK_PROVIDED",)"
            R"("priority":0,"attempts":1,"created_at":"2027-01-15T08:00:00.123Z",)"
            R"("status_at":"2027-01-15T08:00:01.123Z","expires_at":"2027-01-15T08:10:00.123Z",)"
            R"("webhook_deliveries":[{"attempt":1,"at":"2027-01-15T08:00:00.123Z","status":503,)"
            R"("error":"it answered 503"}]})");
}

TEST(WebhookTest, ReadsSecretsAndRefusesThoseThatAreNone) {
  const TempFolder folder;
  const std::string file = folder / "secrets";
  std::ofstream(file) << "a secret of some length\n\n  another secret, the next \n";
  EXPECT_THAT(*LoadWebhookSecrets(file),
              ElementsAre("a secret of some length", "another secret, the next"));
  std::ofstream(file) << "short\n";
  EXPECT_THAT(std::string(LoadWebhookSecrets(file).status().message()),
              HasSubstr("at least 16 bytes"));
  std::ofstream(file) << "\n";
  EXPECT_THAT(std::string(LoadWebhookSecrets(file).status().message()), HasSubstr("no secret"));
  EXPECT_TRUE(absl::IsNotFound(LoadWebhookSecrets(folder / "none").status()));
}

}  // namespace
}  // namespace chains::gateway
