// The API server in memory as programs see it: with the transport and the kubeconfig that they use.
#include "tests/support/kubernetes/http_front.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/wait.h"
#include "chains/http/curl_transport.h"
#include "chains/testing/status_matchers.h"
#include "deploy/apiserver/api_client.h"
#include "deploy/apiserver/kubeconfig.h"
#include "tests/support/kubernetes/samples.h"

namespace chains::deploy::fake {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;

class HttpFrontTest : public ::testing::Test {
 protected:
  HttpFrontTest() {
    server_.With([](ApiCore& core) { core.MakeNamespace("chains"); });
    front_ = HttpFront::Listen(server_, 0, "secret").value();
    address_ = AddressOf(ParseKubeconfig(front_->Kubeconfig(), "config").value(), "").value();
    transport_ = http::CurlTransport::Make(address_).value();
  }

  ApiServer server_;
  std::unique_ptr<HttpFront> front_;
  ServerAddress address_;
  std::unique_ptr<http::CurlTransport> transport_;
};

TEST_F(HttpFrontTest, ProgramsApplyListAndDelete) {
  ApiClient api(*transport_, {});
  const absl::StatusOr<Json> made = Wait(api.Apply(SampleDeployment("a"), {}));
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(StringAt(*made, "/spec/strategy/type"), "RollingUpdate");
  EXPECT_EQ(Wait(api.List(kinds::kDeployment, "chains", "app=a"))->items.size(), 1);
  EXPECT_THAT(Wait(api.Delete(kinds::kDeployment, "chains", "a", {})), IsOk());
  EXPECT_THAT(Wait(api.Get(kinds::kDeployment, "chains", "a")),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(*Wait(api.ServerVersion()), "v1.36.2");
}

Task<std::string> FirstOf(Stream<WatchEvent> events) {
  const std::optional<WatchEvent> event = co_await events.Next();
  co_return event ? NameOf(event->object) : "";
}

TEST_F(HttpFrontTest, WatchesComeLineByLine) {
  ApiClient api(*transport_, {});
  const std::string version = Wait(api.List(kinds::kConfigMap, "chains", ""))->resource_version;
  ASSERT_THAT(Wait(api.Apply(SampleConfigMap("a"), {})), IsOk());
  EXPECT_EQ(*Wait(FirstOf(api.Watch(kinds::kConfigMap, "chains", "", version)),
                  Context(absl::Now() + absl::Seconds(20), "", {})),
            "a");
}

TEST_F(HttpFrontTest, WhoHasNoTokenIsRefused) {
  address_.token = nullptr;
  const auto nobody = http::CurlTransport::Make(address_).value();
  ApiClient api(*nobody, {});
  EXPECT_THAT(Wait(api.Get(kinds::kConfigMap, "chains", "a")),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

}  // namespace
}  // namespace chains::deploy::fake
