// Who changed what is written down: the file, and the platform that writes it.
#include <csignal>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <sys/stat.h>

#include "deploy/platform/audit_log.h"
#include "deploy/platform/audited_platform.h"
#include "tests/deploy/platform/platform_fixture.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::Running;
using ::chains::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

v1::AuditEntry EntryOf(const std::string& method) {
  v1::AuditEntry entry;
  entry.set_time_unix_ms(1'700'000'000'123);
  entry.set_who("ada");
  entry.set_method(method);
  entry.set_request(R"({"name":"x"})");
  entry.set_code("OK");
  return entry;
}

class AuditLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<AuditLog> Open() { return AuditLog::Open(path_).value(); }
  std::string Text() {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Put(const std::string& text) { std::ofstream(path_) << text; }

  const TempFolder folder_;
  const std::string path_ = folder_ / "audit.jsonl";
};

TEST_F(AuditLogTest, HoldsALineForEachEntryForThisUserAlone) {
  const auto log = Open();
  EXPECT_THAT(log->Append(EntryOf("CreateKey")), IsOk());
  EXPECT_THAT(Text(), HasSubstr(R"({"time":"2023-11-14T22:13:20.123Z","who":"ada",)"
                                R"("method":"CreateKey","request":{"name":"x"},"code":"OK",)"));
  struct stat about {};
  ASSERT_EQ(stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  const auto entries = log->Last(10).value();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].ShortDebugString(), EntryOf("CreateKey").ShortDebugString());
}

TEST_F(AuditLogTest, GoesOnWhereItEndedAndShowsTheLast) {
  for (const char* method : {"A", "B", "C"}) EXPECT_THAT(Open()->Append(EntryOf(method)), IsOk());
  const auto entries = Open()->Last(2).value();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].method(), "B");
  EXPECT_EQ(entries[1].method(), "C");
  EXPECT_THAT(Open()->Check(), IsOk());
}

// One leads after the other, and the first again.
TEST_F(AuditLogTest, TwoPlatformsInTurnKeepTheLinesInOneRow) {
  const auto one = Open();
  const auto other = Open();
  for (AuditLog* const log : {one.get(), other.get(), other.get(), one.get()}) {
    EXPECT_THAT(log->Append(EntryOf("A")), IsOk());
  }
  EXPECT_THAT(one->Check(), IsOk());
  EXPECT_EQ(other->Last(10)->size(), 4u);
}

TEST_F(AuditLogTest, ALineThatWasChangedOrTakenOutShows) {
  for (const char* method : {"A", "B", "C"}) EXPECT_THAT(Open()->Append(EntryOf(method)), IsOk());
  const std::string all = Text();
  std::string changed = all;
  changed.replace(changed.find("\"B\""), 3, "\"X\"");
  Put(changed);
  EXPECT_THAT(Open()->Check(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("line 3")));
  const size_t second = all.find('\n') + 1;
  Put(all.substr(0, second) + all.substr(all.find('\n', second) + 1));
  EXPECT_THAT(Open()->Check(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("line 2")));
  Put(all);
  EXPECT_THAT(Open()->Check(), IsOk());
}

TEST_F(AuditLogTest, ALineThatACrashCutOffIsEndedAndLeftOut) {
  EXPECT_THAT(Open()->Append(EntryOf("A")), IsOk());
  Put(Text() + R"({"time":"2023)");
  const auto log = Open();
  EXPECT_THAT(log->Append(EntryOf("B")), IsOk());
  const auto entries = log->Last(10).value();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].method(), "B");
}

// As a full disk, which tests cannot have.
TEST_F(AuditLogTest, WhereALineCannotBeKeptItSaysSoUntilOneCan) {
  const auto log = Open();
  EXPECT_THAT(log->Append(EntryOf("A")), IsOk());
  const std::string before = Text();
  signal(SIGXFSZ, SIG_IGN);
  rlimit unlimited{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
  rlimit little = unlimited;
  little.rlim_cur = before.size() + 5;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &little), 0);
  EXPECT_FALSE(log->Append(EntryOf("B")).ok());
  EXPECT_EQ(Text(), before);
  EXPECT_THAT(log->Trouble(), StatusIs(absl::StatusCode::kUnavailable,
                                       HasSubstr("while it cannot be written down")));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
  EXPECT_THAT(log->Trouble(), IsOk());
  EXPECT_THAT(Text(), HasSubstr("lines before this one could not be written"));
  EXPECT_THAT(log->Check(), IsOk());
}

class AuditedPlatformTest : public PlatformTest {
 protected:
  std::vector<v1::AuditEntry> Entries() { return log_->Last(1000).value(); }
  v1::AuditEntry Only() {
    const auto entries = Entries();
    EXPECT_EQ(entries.size(), 1u);
    return entries.empty() ? v1::AuditEntry() : entries.back();
  }
  static v1::CreateKeyRequest KeyNamed(const std::string& name) {
    v1::CreateKeyRequest request;
    request.set_name(name);
    return request;
  }

  const std::unique_ptr<AuditLog> log_ = AuditLog::Open(folder_ / "audit.jsonl").value();
  AuditedPlatform audited_{service_, *log_,
                           [](auto key) { return key ? "bearer of " + std::string(*key) : ""; }, 3};
};

TEST_F(AuditedPlatformTest, AChangeIsWrittenDownWithWhoAskedForIt) {
  const Context context(absl::InfiniteFuture(), "", {{"authorization", "k"}});
  EXPECT_THAT(Ask(audited_.CreateKey(KeyNamed("phone")), context), IsOk());
  const v1::AuditEntry entry = Only();
  EXPECT_EQ(entry.who(), "bearer of k");
  EXPECT_EQ(entry.method(), "CreateKey");
  EXPECT_EQ(entry.request(), R"({"name":"phone"})");
  EXPECT_EQ(entry.code(), "OK");
}

TEST_F(AuditedPlatformTest, AChangeThatFailsIsWrittenDownWithTheReason) {
  v1::RevokeKeyRequest request;
  request.set_name("nobody");
  EXPECT_FALSE(Ask(audited_.RevokeKey(request)).ok());
  EXPECT_EQ(Only().code(), "NOT_FOUND");
  EXPECT_THAT(Only().message(), HasSubstr("no key 'nobody'"));
}

TEST_F(AuditedPlatformTest, WhatIsReadIsNotWrittenDown) {
  EXPECT_THAT(Ask(audited_.ListKeys({})), IsOk());
  EXPECT_THAT(Ask(audited_.List({})), IsOk());
  EXPECT_TRUE(Entries().empty());
}

TEST_F(AuditedPlatformTest, ASecretIsNotInIt) {
  v1::SetSecretRequest request;
  request.set_name("voice");
  request.set_value("low and secret");
  EXPECT_THAT(Ask(audited_.SetSecret(request)), IsOk());
  EXPECT_EQ(Only().request(), R"({"name":"voice"})");
  std::ifstream file(folder_ / "audit.jsonl");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(text, Not(HasSubstr("secret\"")));
  EXPECT_THAT(text, Not(HasSubstr("low and")));
}

TEST_F(AuditedPlatformTest, ANewKeysTextIsNotInIt) {
  const auto made = Ask(audited_.CreateKey(KeyNamed("phone")));
  v1::RotateKeyRequest rotate;
  rotate.set_name("phone");
  const auto rotated = Ask(audited_.RotateKey(rotate));
  ASSERT_THAT(rotated, IsOk());
  std::ifstream file(folder_ / "audit.jsonl");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(text, Not(HasSubstr(made->key().substr(3))));
  EXPECT_THAT(text, Not(HasSubstr(rotated->key().substr(3))));
}

class RotationTest : public AuditedPlatformTest {
 protected:
  absl::Status MayManage(const std::string& key) {
    const std::string header = Text("Api-Key ", key);
    return Ask(service_.ListKeys({}),
               Context(absl::InfiniteFuture(), "", {{"authorization", header}}))
        .status();
  }
  absl::StatusOr<v1::RotateKeyResponse> Rotate(int64_t grace_ms, int64_t expires_in_ms = 0) {
    v1::RotateKeyRequest rotate;
    rotate.set_name("ops");
    rotate.set_grace_ms(grace_ms);
    rotate.set_expires_in_ms(expires_in_ms);
    return Ask(service_.RotateKey(rotate));
  }
  // For an hour.
  std::string MakeKey() {
    v1::CreateKeyRequest request = KeyNamed("ops");
    request.add_scopes(v1::KEY_SCOPE_MANAGE);
    request.set_expires_in_ms(kHour);
    return Ask(service_.CreateKey(request)).value().key();
  }
  static constexpr int64_t kHour = 3'600'000;
};

TEST_F(RotationTest, ARotatedKeyIsTakenByBothTextsOrByTheNewOneAlone) {
  const std::string first = MakeKey();
  const auto second = Rotate(kHour);
  ASSERT_THAT(second, IsOk());
  EXPECT_GT(second->info().expires_unix_ms(), 0);
  EXPECT_GT(second->info().previous_until_unix_ms(), second->info().rotated_unix_ms());
  model_.open = false;
  EXPECT_THAT(MayManage(first), IsOk());
  EXPECT_THAT(MayManage(second->key()), IsOk());
  model_.open = true;
  const auto third = Rotate(0);
  ASSERT_THAT(third, IsOk());
  model_.open = false;
  EXPECT_THAT(MayManage(first), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(MayManage(second->key()), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(MayManage(third->key()), IsOk());
}

TEST_F(RotationTest, AnExpiredKeyIsRotatedToANewTimeOrNotAtAll) {
  MakeKey();
  model_.keys["ops"].set_expires_unix_ms(1);
  EXPECT_THAT(Rotate(0), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("has expired")));
  EXPECT_THAT(Rotate(0, kHour), IsOk());
}

TEST_F(RotationTest, WhatMakesNoSenseIsRefused) {
  EXPECT_THAT(Rotate(0), StatusIs(absl::StatusCode::kNotFound, HasSubstr("'ops'")));
  MakeKey();
  EXPECT_THAT(Rotate(-1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("grace_ms is -1")));
  EXPECT_THAT(Rotate(INT64_MAX), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Rotate(0, -1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expires_in")));
  v1::CreateKeyRequest both = KeyNamed("both");
  both.add_scopes(v1::KEY_SCOPE_MANAGE);
  both.add_chains("hello");
  EXPECT_THAT(Ask(service_.CreateKey(both)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("for all chains")));
  both.clear_scopes();
  both.add_chains("../up");
  EXPECT_THAT(Ask(service_.CreateKey(both)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'../up'")));
}

TEST_F(AuditedPlatformTest, APushIsWrittenDownByItsDigest) {
  v1::DeployRequest request;
  *request.mutable_bundle() = BundleOf({{.name = "shop.Total"}});
  const std::string shown = ShownInAudit(request);
  EXPECT_THAT(shown, HasSubstr(R"({"bundle":")"));
  EXPECT_THAT(shown, HasSubstr(R"("name":)"));
  EXPECT_LT(shown.size(), 300u);
}

TEST_F(AuditedPlatformTest, WhoIsRefusedFillsNoDisk) {
  model_.open = false;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Ask(audited_.CreateKey(KeyNamed("x"))).ok());
  EXPECT_EQ(Entries().size(), 3u);
  EXPECT_EQ(Entries()[0].code(), "UNAUTHENTICATED");
  clock_.Advance(absl::Minutes(1));
  EXPECT_FALSE(Ask(audited_.CreateKey(KeyNamed("x"))).ok());
  EXPECT_EQ(Entries().size(), 4u);
}

TEST_F(AuditedPlatformTest, WhoLeavesBeforeItHasEndedIsWrittenDownToo) {
  const Running<Permit> held(clock_, keeper_.Begin());  // so that the change waits
  Settle();
  std::optional<Running<v1::CreateKeyResponse>> leaving(std::in_place, clock_,
                                                        audited_.CreateKey(KeyNamed("phone")));
  Settle();
  leaving.reset();
  EXPECT_EQ(Only().code(), "CANCELLED");
  EXPECT_THAT(Only().message(), HasSubstr("the caller left"));
}

}  // namespace
}  // namespace chains::deploy
