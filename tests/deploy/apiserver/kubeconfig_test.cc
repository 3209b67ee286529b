#include "deploy/apiserver/kubeconfig.h"

#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "../temp_folder.h"
#include "chains/testing/status_matchers.h"

namespace chains::deploy {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

constexpr char kConfig[] = R"(
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: home
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t
    tls-server-name: api.home
    proxy-url: http://proxy:3128
- name: open
  cluster: {server: "https://open", insecure-skip-tls-verify: true}
contexts:
- name: one
  context: {cluster: home, user: me, namespace: chains}
- name: two
  context: {cluster: open, user: robot}
- name: lost
  context: {cluster: nowhere, user: me}
users:
- name: me
  user:
    client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t
    client-key: keys/me.key
- name: robot
  user: {token: secret}
)";

class KubeconfigTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  Environment environment() const {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      if (found == variables_.end()) return std::nullopt;
      return found->second;
    };
  }
  // A user of these settings in an otherwise good kubeconfig.
  absl::StatusOr<ServerAddress> WithUser(const std::string& settings) {
    const std::string path = Write("user", R"(
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "https://x"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: )" + settings + "}]");
    return FindServer({.kubeconfig = path}, environment());
  }

  TempFolder folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(KubeconfigTest, ReadsWhatTheCurrentContextNames) {
  Write("keys/me.key", "-----BEGIN PRIVATE KEY-----\n");
  const std::string path = Write("config", kConfig);
  const auto address = FindServer({.kubeconfig = path}, environment());
  ASSERT_THAT(address, IsOk());
  EXPECT_EQ(address->url, "https://10.0.0.1:6443");
  EXPECT_EQ(address->ca, "-----BEGIN CERTIFICATE-----");
  EXPECT_EQ(address->certificate, "-----BEGIN CERTIFICATE-----");
  EXPECT_EQ(address->key, "-----BEGIN PRIVATE KEY-----");
  EXPECT_EQ(address->server_name, "api.home");
  EXPECT_EQ(address->proxy, "http://proxy:3128");
  EXPECT_EQ(address->in_namespace, "chains");
  EXPECT_FALSE(address->skip_verify);
  EXPECT_EQ(address->token, nullptr);
}

TEST_F(KubeconfigTest, TakesAnotherContext) {
  const std::string path = Write("config", kConfig);
  const auto address = FindServer({.kubeconfig = path, .context = "two"}, environment());
  ASSERT_THAT(address, IsOk());
  EXPECT_TRUE(address->skip_verify);
  EXPECT_EQ(address->in_namespace, "default");
  EXPECT_THAT(address->token(), IsOkAndHolds("secret"));
}

TEST_F(KubeconfigTest, SaysWhatIsMissing) {
  const std::string path = Write("config", kConfig);
  EXPECT_THAT(FindServer({.kubeconfig = path, .context = "three"}, environment()),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("no context 'three'; it has 'lost', 'one', 'two'")));
  EXPECT_THAT(FindServer({.kubeconfig = path, .context = "lost"}, environment()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no cluster 'nowhere'")));
  EXPECT_THAT(FindServer({.kubeconfig = path}, environment()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("client-key"), HasSubstr("keys/me.key"))));
  EXPECT_THAT(FindServer({.kubeconfig = (folder_ / "gone").string()}, environment()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("gone")));
}

TEST_F(KubeconfigTest, RefusesWhatIsNoKubeconfig) {
  for (const std::string text : {"[", "a: b", "- kind: Config", "kind: {a: b}", "text", "a: *b",
                                 "kind: Pod", "\"", "kind: Config\n\tx: y"}) {
    EXPECT_THAT(ParseKubeconfig(text, "/x/config"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/x/config")))
        << text;
  }
  EXPECT_THAT(
      ParseKubeconfig("kind: Config\nclusters: 3\nusers: [1, {}, {name: a}]\ncontexts: {}", "/x"),
      IsOk());
}

TEST_F(KubeconfigTest, MergesFilesOfWhichTheFirstWins) {
  const std::string first = Write("first", R"(
kind: Config
contexts: [{name: c, context: {cluster: c, user: u, namespace: first}}]
)");
  const std::string second = Write("second", R"(
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "https://second"}}]
contexts: [{name: c, context: {cluster: d, user: v}}]
users: [{name: u, user: {token: secret}}]
)");
  variables_["KUBECONFIG"] = first + ":" + (folder_ / "gone").string() + ":" + second;
  const auto address = FindServer({}, environment());
  ASSERT_THAT(address, IsOk());
  EXPECT_EQ(address->url, "https://second");
  EXPECT_EQ(address->in_namespace, "first");
}

TEST_F(KubeconfigTest, FindsTheFileOfTheHomeFolder) {
  Write(".kube/config", kConfig);
  variables_["HOME"] = folder_.path().string();
  EXPECT_EQ(FindServer({.context = "two"}, environment())->url, "https://open");
}

TEST_F(KubeconfigTest, SaysThatThereIsNoCluster) {
  EXPECT_THAT(FindServer({}, environment()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("--kubeconfig")));
}

TEST_F(KubeconfigTest, RefusesUsersItCannotBe) {
  for (const auto& [settings, word] : std::map<std::string, std::string>{
           {"{exec: {command: cloud-login, args: [x]}}", "'cloud-login'"},
           {"{auth-provider: {name: x}}", "auth-provider"},
           {"{username: a, password: b}", "password"},
           {"{token: a, as: b}", "acts as somebody else"}}) {
    EXPECT_THAT(WithUser(settings),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr("'u'"), HasSubstr(word), HasSubstr("create token"))));
  }
  EXPECT_THAT(WithUser("{client-certificate-data: '*'}"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not base64")));
  EXPECT_THAT(WithUser("{client-certificate-data: YWJj}"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not PEM")));
  EXPECT_THAT(WithUser("{client-key-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t}"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("go together")));
}

TEST_F(KubeconfigTest, ReadsATokensFileForEachRequest) {
  Write("token", "one\n");
  const auto address = WithUser("{token: old, tokenFile: token}");
  ASSERT_THAT(address, IsOk());
  EXPECT_THAT(address->token(), IsOkAndHolds("one"));
  Write("token", "two\n");
  EXPECT_THAT(address->token(), IsOkAndHolds("two"));
  std::filesystem::remove(folder_ / "token");
  EXPECT_THAT(address->token(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(KubeconfigTest, TakesAPodsServiceAccount) {
  variables_ = {{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "443"}};
  const std::string folder = folder_.path().string();
  EXPECT_THAT(
      InClusterAddress(environment(), folder),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("automountServiceAccountToken")));
  Write("token", "one");
  Write("ca.crt", "-----BEGIN CERTIFICATE-----");
  Write("namespace", "chains");
  const auto address = InClusterAddress(environment(), folder);
  ASSERT_THAT(address, IsOk());
  EXPECT_EQ(address->url, "https://[fd00::1]:443");
  EXPECT_EQ(address->ca, "-----BEGIN CERTIFICATE-----");
  EXPECT_EQ(address->in_namespace, "chains");
  Write("token", "two");
  EXPECT_THAT(address->token(), IsOkAndHolds("two"));
}

}  // namespace
}  // namespace chains::deploy
