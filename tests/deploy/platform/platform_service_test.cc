// LocalPlatform, asked over its socket as the command line asks it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/client.h"
#include "chains/core/text.h"
#include "chains/testing/collect.h"
#include "chains/testing/status_matchers.h"
#include "chains/v1/platform.chains.h"
#include "deploy/bundle/digest.h"
#include "deploy/platform/local_platform.h"
#include "tests/deploy/bundle/bundles.h"
#include "tests/deploy/platform/all_methods.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::Collect;
using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::chains::testing::StreamOf;
using ::testing::HasSubstr;

class PlatformServiceTest : public ::testing::Test {
 protected:
  PlatformServiceTest() { Up(); }
  ~PlatformServiceTest() override { Down(); }

  void Up() {
    LocalPlatform::Options options;
    options.home = folder_ / "h";
    absl::StatusOr<std::unique_ptr<LocalPlatform>> platform =
        LocalPlatform::Start(std::move(options));
    ASSERT_THAT(platform.status(), IsOk());
    platform_ = *std::move(platform);
    key_ = platform_->EnsureKey(key_).value();
    client_ = std::make_unique<Client<v1::Platform>>(platform_->address());
  }
  void Down() {
    client_.reset();
    if (platform_ != nullptr) platform_->Stop(absl::Now() + absl::Seconds(30));
    platform_.reset();
  }
  static CallOptions With(const std::string& key) {
    return {.timeout = absl::Seconds(60), .headers = {{"authorization", Text("Api-Key ", key)}}};
  }
  template <typename Request, typename Reply>
  absl::StatusOr<Reply> Call(Task<Reply> (v1::Platform::*method)(Request), Request request) {
    return client_->Call(method, std::move(request), With(key_));
  }
  absl::StatusOr<v1::UploadResponse> Upload(std::vector<v1::UploadRequest> pieces) {
    return client_->Run(
        [&pieces](v1::Platform& platform) { return platform.Upload(StreamOf(std::move(pieces))); },
        With(key_));
  }
  static std::vector<v1::UploadRequest> Pieces(const std::string& content) {
    std::vector<v1::UploadRequest> pieces(2);
    pieces[0].set_sha256(Sha256Of(content));
    pieces[0].set_size(content.size());
    pieces[0].set_data(content.substr(0, content.size() / 2));
    pieces[1].set_data(content.substr(content.size() / 2));
    return pieces;
  }
  size_t MissingOf(const v1::Bundle& bundle) {
    v1::FindMissingRequest request;
    *request.mutable_bundle() = bundle;
    const auto missing = Call(&v1::Platform::FindMissing, std::move(request));
    EXPECT_THAT(missing.status(), IsOk());
    return missing.ok() ? static_cast<size_t>(missing->sha256_size()) : 0;
  }
  v1::CreateKeyResponse NewKeyNamed(const std::string& name) {
    v1::CreateKeyRequest request;
    request.set_name(name);
    return Call(&v1::Platform::CreateKey, std::move(request)).value();
  }

  const TempFolder folder_;
  std::unique_ptr<LocalPlatform> platform_;
  std::string key_;
  std::unique_ptr<Client<v1::Platform>> client_;
};

TEST_F(PlatformServiceTest, EveryMethodAsksForAKeyThatMayManage) {
  const std::vector<Ask> methods = AllMethods();
  ASSERT_EQ(static_cast<int>(methods.size()),
            v1::AboutRequest::descriptor()->file()->service(0)->method_count());
  const std::string caller = NewKeyNamed("caller").key();
  for (size_t i = 0; i < methods.size(); ++i) {
    EXPECT_THAT(methods[i](*client_, {}), StatusIs(absl::StatusCode::kUnauthenticated)) << i;
    EXPECT_THAT(methods[i](*client_, With("ck_wrong")),
                StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("not known here")))
        << i;
    EXPECT_THAT(methods[i](*client_, With(caller)),
                StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("'manage'")))
        << i;
    EXPECT_NE(methods[i](*client_, With(key_)).code(), absl::StatusCode::kPermissionDenied) << i;
  }
}

TEST_F(PlatformServiceTest, AnUploadThatWasCutOffIsResumedWithWhatIsMissing) {
  v1::Bundle bundle = HelloBundle("the program");
  AddFile(bundle, "lib/a.so", "a library");
  EXPECT_EQ(MissingOf(bundle), 2u);
  std::vector<v1::UploadRequest> pieces = Pieces("a library");
  pieces.push_back(Pieces("the program").front());
  EXPECT_THAT(Upload(pieces).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cut off")));
  EXPECT_EQ(MissingOf(bundle), 1u);
  const absl::StatusOr<v1::UploadResponse> rest = Upload(Pieces("the program"));
  ASSERT_THAT(rest.status(), IsOk());
  EXPECT_EQ(rest->files(), 1u);
  EXPECT_EQ(rest->bytes(), 11u);
  EXPECT_EQ(MissingOf(bundle), 0u);
}

// The client leaves, and says nothing.
TEST_F(PlatformServiceTest, AnUploadWhoseClientLeavesLeavesNothing) {
  const std::vector<v1::UploadRequest> pieces = Pieces("the program");
  const auto run = client_->Run(
      [&pieces](v1::Platform& platform) {
        return platform.Upload([](v1::UploadRequest first) -> Stream<v1::UploadRequest> {
          co_yield std::move(first);
          co_await absl::CancelledError("enough");
        }(pieces[0]));
      },
      With(key_));
  EXPECT_FALSE(run.ok());
  EXPECT_EQ(MissingOf(HelloBundle("the program")), 1u);
  Down();
  Up();
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "h/store/tmp"));
}

TEST_F(PlatformServiceTest, AnUploadIsWhatItSaysItIs) {
  std::vector<v1::UploadRequest> pieces = Pieces("the program");
  pieces[1].set_data("oops!!");
  EXPECT_THAT(Upload(pieces).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is another")));
  pieces[1].set_data("much longer than it said");
  EXPECT_THAT(Upload(pieces).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("longer than the 11 bytes")));
  pieces.erase(pieces.begin());
  EXPECT_THAT(Upload(pieces).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("first piece")));
  pieces = Pieces("the program");
  pieces[0].set_sha256("short");
  EXPECT_THAT(Upload(pieces).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  pieces[0].set_data(std::string((1 << 20) + 1, 'x'));
  EXPECT_THAT(Upload(pieces).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1048576 bytes")));
  EXPECT_EQ(MissingOf(HelloBundle("the program")), 1u);
}

TEST_F(PlatformServiceTest, ABundleWhoseFilesAreNotHereIsRefused) {
  v1::DeployRequest request;
  *request.mutable_bundle() = HelloBundle("the program");
  for (v1::Chainlet& chainlet :
       *request.mutable_bundle()->mutable_manifest()->mutable_chainlets()) {
    chainlet.set_implementation("Made");
    v1::Autoscaling& scaling = *chainlet.mutable_autoscaling();
    scaling.set_max_replica(1);
    scaling.set_autoscaling_window_sec(60);
    scaling.set_max_scale_down_rate(50);
    scaling.set_concurrency_target(1);
    scaling.set_target_utilization_percentage(70);
  }
  const auto deploy = [&request](v1::Platform& platform) {
    return Collect(platform.Deploy(request));
  };
  EXPECT_THAT(client_->Run(deploy, With(key_)).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("push again")));
  request.mutable_bundle()->mutable_files(0)->set_path("../hello");
  EXPECT_THAT(client_->Run(deploy, With(key_)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  const absl::StatusOr<v1::ListResponse> list = Call(&v1::Platform::List, v1::ListRequest());
  ASSERT_THAT(list.status(), IsOk());
  EXPECT_EQ(list->deployments_size(), 0);
}

TEST_F(PlatformServiceTest, AKeyKeepsTheLimitsThatItWasMadeWith) {
  v1::CreateKeyRequest request;
  request.set_name("phone");
  request.mutable_limits()->set_requests_per_second(50);
  request.mutable_limits()->set_priority_ceiling(8);
  EXPECT_THAT(Call(&v1::Platform::CreateKey, request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("limits.priority_ceiling is 8; give 0 to 7")));
  request.mutable_limits()->set_priority_ceiling(1);
  EXPECT_THAT(Call(&v1::Platform::CreateKey, request).status(), IsOk());
  const v1::ListKeysResponse keys = Call(&v1::Platform::ListKeys, v1::ListKeysRequest()).value();
  const auto phone = std::find_if(keys.keys().begin(), keys.keys().end(),
                                  [](const v1::KeyInfo& key) { return key.name() == "phone"; });
  ASSERT_NE(phone, keys.keys().end());
  EXPECT_EQ(phone->limits().requests_per_second(), 50);
  EXPECT_EQ(phone->limits().priority_ceiling(), 1);
}

TEST_F(PlatformServiceTest, KeysAreMadeListedAndRevoked) {
  const v1::CreateKeyResponse made = NewKeyNamed("ci");
  ASSERT_EQ(made.info().scopes_size(), 1);
  EXPECT_EQ(made.info().scopes(0), v1::KEY_SCOPE_INVOKE);
  v1::CreateKeyRequest request;
  request.set_name("ci");
  EXPECT_THAT(Call(&v1::Platform::CreateKey, request).status(),
              StatusIs(absl::StatusCode::kAlreadyExists));
  request.set_name("odd");
  request.add_scopes(static_cast<v1::KeyScope>(99));
  EXPECT_THAT(Call(&v1::Platform::CreateKey, request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  request.set_scopes(0, v1::KEY_SCOPE_MANAGE);
  const std::string manager = Call(&v1::Platform::CreateKey, request).value().key();
  EXPECT_THAT(client_->Call(&v1::Platform::ListKeys, v1::ListKeysRequest(), With(manager)).status(),
              IsOk());
  Down();
  Up();  // all of it is on the disk
  const auto keys = Call(&v1::Platform::ListKeys, v1::ListKeysRequest()).value();
  ASSERT_EQ(keys.keys_size(), 3);
  EXPECT_EQ(keys.keys(0).name(), "ci");
  EXPECT_EQ(keys.keys(1).name(), "cli");
  EXPECT_EQ(keys.keys(2).name(), "odd");
  EXPECT_THAT(made.key(), ::testing::StartsWith(keys.keys(0).prefix()));
  v1::RevokeKeyRequest revoke;
  revoke.set_name("odd");
  EXPECT_THAT(Call(&v1::Platform::RevokeKey, revoke).status(), IsOk());
  EXPECT_THAT(Call(&v1::Platform::RevokeKey, revoke).status(),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(client_->Call(&v1::Platform::ListKeys, v1::ListKeysRequest(), With(manager)).status(),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(PlatformServiceTest, ASecretIsNeverShownAndNowhereInPlain) {
  v1::SetSecretRequest request;
  request.set_name("voice");
  request.set_value("the low and secret voice");
  EXPECT_THAT(Call(&v1::Platform::SetSecret, request).status(), IsOk());
  const auto secrets = Call(&v1::Platform::ListSecrets, v1::ListSecretsRequest()).value();
  ASSERT_EQ(secrets.secrets_size(), 1);
  EXPECT_EQ(secrets.secrets(0).name(), "voice");
  EXPECT_THAT(secrets.ShortDebugString(), ::testing::Not(HasSubstr("secret voice")));
  request.set_value(std::string((64 << 10) + 1, 'x'));
  EXPECT_THAT(Call(&v1::Platform::SetSecret, request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("65537 bytes")));
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ / "h")) {
    if (!file.is_regular_file()) continue;
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_EQ(content.find("low and secret"), std::string::npos) << file.path();
  }
  v1::DeleteSecretRequest gone;
  gone.set_name("voice");
  EXPECT_THAT(Call(&v1::Platform::DeleteSecret, gone).status(), IsOk());
  EXPECT_THAT(Call(&v1::Platform::DeleteSecret, gone).status(),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PlatformServiceTest, EnvironmentsAreMadeOnce) {
  v1::CreateEnvironmentRequest request;
  request.set_chain("hello");
  request.set_name("staging");
  EXPECT_THAT(Call(&v1::Platform::CreateEnvironment, request).status(), IsOk());
  EXPECT_THAT(Call(&v1::Platform::CreateEnvironment, request).status(), IsOk());
  v1::ListEnvironmentsRequest list;
  EXPECT_EQ(Call(&v1::Platform::ListEnvironments, list)->environments_size(), 1);
  list.set_chain("other");
  EXPECT_EQ(Call(&v1::Platform::ListEnvironments, list)->environments_size(), 0);
}

TEST_F(PlatformServiceTest, NamesThatAreMoreThanNamesAreRefused) {
  const std::string bad = "../up";
  v1::CreateEnvironmentRequest environment;
  environment.set_chain("hello");
  environment.set_name(bad);
  v1::CreateKeyRequest key;
  key.set_name(bad);
  v1::SetSecretRequest secret;
  secret.set_name(bad);
  v1::PromoteRequest promote;
  promote.set_environment(bad);
  for (const absl::Status& status : {Call(&v1::Platform::CreateEnvironment, environment).status(),
                                     Call(&v1::Platform::CreateKey, key).status(),
                                     Call(&v1::Platform::SetSecret, secret).status(),
                                     Call(&v1::Platform::Promote, promote).status()}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'../up'")));
  }
}

TEST_F(PlatformServiceTest, WhatIsNotThereIsNamed) {
  v1::LogsRequest logs;
  logs.mutable_of()->set_deployment("nothing");
  EXPECT_THAT(client_
                  ->Run([&logs](v1::Platform& platform) { return Collect(platform.Logs(logs)); },
                        With(key_))
                  .status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("'nothing'")));
  v1::DeploymentRequest request;
  request.set_deployment("nothing");
  for (const auto method : {&v1::Platform::Status, &v1::Platform::Activate,
                            &v1::Platform::Deactivate, &v1::Platform::Wake}) {
    EXPECT_THAT(Call(method, request).status(),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr("'nothing'")));
  }
  EXPECT_THAT(Call(&v1::Platform::Delete, request).status(), StatusIs(absl::StatusCode::kNotFound));
  v1::RollbackRequest rollback;
  rollback.set_chain("hello");
  EXPECT_THAT(Call(&v1::Platform::Rollback, rollback).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("production")));
}

TEST_F(PlatformServiceTest, AHomeIsOnePlatformsAlone) {
  LocalPlatform::Options options;
  options.home = folder_ / "h";
  EXPECT_THAT(LocalPlatform::Start(options).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Call(&v1::Platform::About, v1::AboutRequest()).status(), IsOk());
}

TEST_F(PlatformServiceTest, ItsKeyIsKeptWhereItIsStillOne) {
  EXPECT_EQ(*platform_->EnsureKey(key_), key_);
  const std::string other = *platform_->EnsureKey("ck_forgotten");
  EXPECT_NE(other, key_);
  EXPECT_THAT(client_->Call(&v1::Platform::About, v1::AboutRequest(), With(other)).status(),
              IsOk());
}

// Nothing of it may be left on a loop that is gone.
TEST_F(PlatformServiceTest, ItCanBeStartedAndStoppedAgainAndAgain) {
  for (int i = 0; i < 3; ++i) {
    platform_->Stop(absl::Now() + absl::Seconds(30));
    Down();
    Up();
    client_.reset();
    platform_.reset();  // as if it were killed
    Up();
    EXPECT_THAT(Call(&v1::Platform::About, v1::AboutRequest()).status(), IsOk());
  }
}

}  // namespace
}  // namespace chains::deploy
