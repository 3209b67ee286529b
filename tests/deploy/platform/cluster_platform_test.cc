// ClusterPlatform over an API server in memory: who leads, what is kept, what is taken over.
#include "deploy/platform/cluster_platform.h"

#include <future>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "chains/chain/client.h"
#include "chains/core/wait.h"
#include "chains/testing/status_matchers.h"
#include "chains/v1/platform.chains.h"
#include "tests/deploy/temp_folder.h"
#include "tests/support/kubernetes/api_server.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;

constexpr absl::Duration kDeadline = absl::Minutes(1);

class ClusterPlatformTest : public ::testing::Test {
 protected:
  ClusterPlatformTest() {
    server_.With([](fake::ApiCore& core) { core.MakeNamespace("chains"); });
  }

  ClusterPlatform::Options OptionsOf(const std::string& name) {
    ClusterPlatform::Options options;
    options.home = folder_ / name;
    options.listen = options.health_listen = "127.0.0.1:0";
    options.identity = name;
    options.on_lost = [this](const absl::Status& why) { lost_.set_value(why); };
    options.leadership.retry = absl::Milliseconds(50);
    return options;
  }
  // What the object has; empty where there is none.
  std::string SecretOf(const std::string& name, const std::string& field) {
    ApiClient api(server_, {});
    const absl::StatusOr<Json> secret = chains::Wait(api.Get(kinds::kSecret, "chains", name));
    std::string value;
    if (!secret.ok() || !absl::Base64Unescape(StringAt(*secret, "/data/" + field), &value)) {
      return "";
    }
    return value;
  }
  std::string Holder() {
    ApiClient api(server_, {});
    const absl::StatusOr<Json> lease =
        chains::Wait(api.Get(kinds::kLease, "chains", "chains-platform"));
    return lease.ok() ? StringAt(*lease, "/spec/holderIdentity") : "";
  }
  absl::StatusOr<v1::ListKeysResponse> Keys(const ClusterPlatform& platform,
                                            const std::string& key) {
    Client<v1::Platform> client(platform.address());
    return client.Call(&v1::Platform::ListKeys, v1::ListKeysRequest(),
                       {.timeout = kDeadline, .headers = {{"authorization", "Api-Key " + key}}});
  }

  TempFolder folder_;
  fake::ApiServer server_;
  std::promise<absl::Status> lost_;
};

TEST_F(ClusterPlatformTest, ItLeadsServesAndKeepsItsSecretsForTheNext) {
  std::string key;
  {
    ClusterPlatform platform(server_, OptionsOf("one"));
    ASSERT_THAT(platform.Start(), IsOk());
    EXPECT_EQ(Holder(), "one");
    key = SecretOf("chains-admin-key", "key");
    EXPECT_THAT(Keys(platform, key), IsOk());
    EXPECT_THAT(Keys(platform, "ck_wrong"), StatusIs(absl::StatusCode::kPermissionDenied));
    EXPECT_EQ(SecretOf("chains-gateway-token", "token").size(), 32u);
    EXPECT_EQ(SecretOf("chains-secret-key", "key").size(), 32u);
    platform.Stop();
    platform.Stop();
    EXPECT_EQ(Holder(), "");
  }
  ClusterPlatform next(server_, OptionsOf("two"));
  ASSERT_THAT(next.Start(), IsOk());
  EXPECT_EQ(SecretOf("chains-admin-key", "key"), key);
  const absl::StatusOr<v1::ListKeysResponse> keys = Keys(next, key);
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->keys_size(), 1);
}

TEST_F(ClusterPlatformTest, OneOfTwoServesAndTheOtherTakesOver) {
  auto one = std::make_unique<ClusterPlatform>(server_, OptionsOf("one"));
  ASSERT_THAT(one->Start(), IsOk());
  ClusterPlatform two(server_, OptionsOf("two"));
  std::future<absl::Status> starting = std::async(std::launch::async, [&] { return two.Start(); });
  EXPECT_EQ(starting.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
  one->Stop();
  EXPECT_THAT(starting.get(), IsOk());
  EXPECT_EQ(Holder(), "two");
  EXPECT_THAT(Keys(two, SecretOf("chains-admin-key", "key")), IsOk());
}

TEST_F(ClusterPlatformTest, WhoWaitsForHisTurnCanBeEnded) {
  ClusterPlatform one(server_, OptionsOf("one"));
  ASSERT_THAT(one.Start(), IsOk());
  ClusterPlatform two(server_, OptionsOf("two"));
  std::future<absl::Status> starting = std::async(std::launch::async, [&] { return two.Start(); });
  two.Stop();
  EXPECT_THAT(starting.get(), StatusIs(absl::StatusCode::kCancelled));
}

// Somebody wrote his name on the Lease, or the head of the records: it must end.
TEST_F(ClusterPlatformTest, WhoLosesTheLeaseSaysSo) {
  ClusterPlatform platform(server_, OptionsOf("one"));
  ASSERT_THAT(platform.Start(), IsOk());
  ApiClient api(server_, {});
  const Json patch = {{"spec", {{"holderIdentity", "two"}}}};
  ASSERT_THAT(chains::Wait(api.Merge(kinds::kLease, "chains", "chains-platform", patch, "")),
              IsOk());
  EXPECT_THAT(lost_.get_future().get(), StatusIs(absl::StatusCode::kAborted));
}

}  // namespace
}  // namespace chains::deploy
