#include "deploy/apiserver/informer.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/root.h"
#include "chains/testing/status_matchers.h"
#include "chains/testing/testing.h"
#include "scripted_transport.h"

namespace chains::deploy {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

Json Pod(const std::string& name, int version, const std::string& uid = "u") {
  return Json{
      {"kind", "Pod"},
      {"metadata", {{"name", name}, {"uid", uid}, {"resourceVersion", std::to_string(version)}}}};
}

std::string Event(const std::string& type, const Json& object) {
  return ToText(Json{{"type", type}, {"object", object}});
}

class InformerTest : public ::testing::Test {
 protected:
  using Names = std::vector<std::string>;

  void List(int version, const std::vector<Json>& items) {
    server_.Answer(200, ToText(Json{{"kind", "PodList"},
                                    {"apiVersion", "v1"},
                                    {"metadata", {{"resourceVersion", std::to_string(version)}}},
                                    {"items", items}}));
  }
  // A watch that stays.
  void Lines(std::vector<std::string> lines) {
    server_.Lines(std::move(lines), absl::OkStatus(), true);
  }
  void RunFor(absl::Duration duration) {
    if (!std::exchange(begun_, true)) running_.Start();
    const auto pass = [](absl::Duration time) -> Task<void> { co_await Sleep(time); };
    EXPECT_THAT(testing::Wait(pass(duration), clock_), testing::IsOk());
  }
  Names names() const {
    Names names;
    for (const auto& [name, pod] : pods_.objects()) names.push_back(name);
    return names;
  }
  // Which resourceVersions were watched from; "list" for lists.
  Names asked() const {
    Names asked;
    for (const HttpRequest& request : server_.asked()) {
      const std::string& target = request.target();
      const size_t at = target.find("resourceVersion=");
      const size_t from = at + std::string("resourceVersion=").size();
      asked.push_back(at == target.npos ? "list"
                                        : target.substr(from, target.find('&', at) - from));
    }
    return asked;
  }

  testing::FakeClock clock_;
  ScriptedTransport server_;
  ApiClient api_{server_, {.attempts = 1}};
  Notice changed_;
  Informer pods_{api_, {kinds::kPod, "chains"}, changed_};
  bool begun_ = false;
  chains::internal::Root<void> running_{clock_, Context(), pods_.Run(), [](auto) {}};
};

TEST_F(InformerTest, ListsThenFollows) {
  List(5, {Pod("a", 1), Pod("b", 2)});
  Lines(
      {Event("ADDED", Pod("c", 6)), Event("MODIFIED", Pod("a", 7)), Event("DELETED", Pod("b", 8))});
  EXPECT_FALSE(pods_.synced());
  RunFor(absl::Seconds(1));
  EXPECT_TRUE(pods_.synced());
  EXPECT_EQ(names(), (Names{"a", "c"}));
  EXPECT_EQ(ResourceVersionOf(*pods_.Find("a")), "7");
  EXPECT_EQ(pods_.Find("b"), nullptr);
  EXPECT_EQ(asked(), (Names{"list", "5"}));
}

TEST_F(InformerTest, GoesOnWhereAWatchEndedOrWasLost) {
  List(5, {});
  server_.Lines({Event("ADDED", Pod("a", 6))});
  server_.Lines({Event("BOOKMARK", Pod("", 20))}, absl::UnavailableError("cut off"));
  Lines({Event("ADDED", Pod("b", 21))});
  RunFor(absl::Seconds(1));
  EXPECT_EQ(asked(), (Names{"list", "5", "6", "20"}));
  EXPECT_EQ(names(), (Names{"a", "b"}));
  EXPECT_THAT(pods_.problem(), testing::IsOk());
}

TEST_F(InformerTest, ListsAgainWhenItsVersionIsGone) {
  List(5, {Pod("a", 1), Pod("b", 2)});
  server_.Lines({Event("ERROR", Json{{"kind", "Status"}, {"code", 410}, {"reason", "Expired"}})});
  List(9, {Pod("b", 8)});
  Lines({});
  RunFor(absl::Seconds(1));
  EXPECT_EQ(names(), (Names{"b"}));
  EXPECT_EQ(asked(), (Names{"list", "5", "list", "9"}));
  EXPECT_THAT(pods_.problem(), testing::IsOk());
}

TEST_F(InformerTest, SaysThatItIsBehindAndWaitsBetweenFailures) {
  for (int i = 0; i < 5; ++i) server_.Fail(absl::UnavailableError("connection refused"));
  RunFor(absl::Milliseconds(700));
  EXPECT_FALSE(pods_.synced());
  EXPECT_THAT(pods_.problem(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("list pods")));
  EXPECT_LE(server_.asked().size(), 4u);
  List(5, {Pod("a", 1)});
  Lines({});
  RunFor(absl::Seconds(20));
  EXPECT_TRUE(pods_.synced());
  EXPECT_THAT(pods_.problem(), testing::IsOk());
}

TEST_F(InformerTest, AWatchThatFailsAtOnceEndsInAList) {
  List(5, {Pod("a", 1)});
  server_.Answer(504, R"({"kind":"Status","reason":"Timeout","message":"Too large version"})");
  List(2, {});
  Lines({});
  RunFor(absl::Seconds(1));
  EXPECT_EQ(names(), Names{});
  EXPECT_EQ(asked(), (Names{"list", "5", "list", "2"}));
}

TEST_F(InformerTest, KeepsWhatWasNotedUntilTheWatchBringsIt) {
  List(5, {Pod("a", 1)});
  Lines({});
  RunFor(absl::Seconds(1));
  pods_.Note(Pod("a", 7));
  pods_.Note(Pod("b", 8));
  EXPECT_EQ(names(), (Names{"a", "b"}));
  EXPECT_EQ(ResourceVersionOf(*pods_.Find("a")), "7");
  pods_.Note(Pod("a", 6));
  EXPECT_EQ(ResourceVersionOf(*pods_.Find("a")), "7");
}

TEST_F(InformerTest, ALateNoteDoesNotBringBackWhatIsGone) {
  List(5, {Pod("a", 1)});
  Lines({Event("MODIFIED", Pod("a", 6)), Event("DELETED", Pod("a", 7))});
  RunFor(absl::Seconds(1));
  pods_.Note(Pod("a", 6));
  EXPECT_EQ(names(), Names{});
  pods_.Note(Pod("a", 9, "another"));
  EXPECT_EQ(names(), (Names{"a"}));
}

TEST_F(InformerTest, ADeletionDoesNotTakeTheNextOneOfTheName) {
  List(5, {Pod("a", 1)});
  server_.Lines({Event("BOOKMARK", Pod("", 6))});
  RunFor(absl::Milliseconds(1));
  pods_.Note(Pod("a", 9, "another"));
  Lines({Event("DELETED", Pod("a", 8))});
  RunFor(absl::Hours(1));
  EXPECT_EQ(names(), (Names{"a"}));
}

}  // namespace
}  // namespace chains::deploy
