#include "deploy/platform/bundle_service.h"

#include <fstream>

#include "chains/testing/collect.h"
#include "deploy/bundle/bundle.h"
#include "tests/deploy/platform/platform_fixture.h"

namespace chains::deploy {
namespace {

using ::chains::testing::Collect;
using ::chains::testing::IsOk;
using ::chains::testing::Running;
using ::chains::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Context Showing(const std::string& token) {
  return Context(absl::InfiniteFuture(), "", {{"chains-token", token}});
}

class BundleServiceTest : public PlatformTest {
 protected:
  BundleServiceTest() {
    Control();
    v1::DeployRequest request;
    *request.mutable_bundle() = bundle_ = BundleOf({{.name = "shop.Price"}});
    push_.emplace(*this, request);
    token_ = Last("shop.Price").token;
  }

  absl::StatusOr<v1::Bundle> Find(const std::string& digest, const Context& context) {
    v1::FindBundleRequest request;
    request.set_digest(digest);
    return Ask(bundles_.Find(request), context);
  }
  static v1::DownloadRequest RequestOf(const std::string& sha256, uint64_t offset = 0) {
    v1::DownloadRequest request;
    request.set_sha256(sha256);
    request.set_offset(offset);
    return request;
  }
  // The pieces, as they come.
  absl::StatusOr<std::vector<std::string>> Download(const v1::DownloadRequest& request,
                                                    const Context& context) {
    auto pieces = Ask(Collect(bundles_.Download(request)), context);
    if (!pieces.ok()) return pieces.status();
    std::vector<std::string> data;
    for (const v1::DownloadedPiece& piece : *pieces) data.push_back(piece.data());
    return data;
  }
  std::string Put(const std::string& content) {
    const std::string sha256 = Sha256Of(content);
    BlobStore::Writer writer = blobs_.Begin(sha256, content.size()).value();
    EXPECT_THAT(writer.Append(content), IsOk());
    EXPECT_THAT(writer.Commit(), IsOk());
    return sha256;
  }

  BundleService bundles_{model_, blobs_, "gateway token"};
  v1::Bundle bundle_;
  std::optional<Push> push_;
  std::string token_;
};

TEST_F(BundleServiceTest, ADeploymentsTokenAndTheGatewaysFindABundle) {
  for (const std::string& token : {token_, std::string("gateway token")}) {
    const absl::StatusOr<v1::Bundle> found = Find(DigestOf(bundle_), Showing(token));
    ASSERT_THAT(found.status(), IsOk());
    EXPECT_EQ(DigestOf(*found), DigestOf(bundle_));
  }
}

TEST_F(BundleServiceTest, WhoHasNoTokenGetsNothing) {
  for (const Context& context :
       {Context(), Showing(""), Showing("another"), Showing(token_ + "x")}) {
    EXPECT_THAT(Find(DigestOf(bundle_), context).status(),
                StatusIs(absl::StatusCode::kPermissionDenied));
    EXPECT_THAT(Download(RequestOf(Sha256Of("program")), context).status(),
                StatusIs(absl::StatusCode::kPermissionDenied));
  }
}

TEST_F(BundleServiceTest, WhatIsNotThereIsSaid) {
  EXPECT_THAT(Find(std::string(64, '0'), Showing(token_)).status(),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Find("../../etc/passwd", Showing(token_)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Download(RequestOf(Sha256Of("nothing")), Showing(token_)).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(Hex(Sha256Of("nothing")))));
  EXPECT_THAT(Download(RequestOf("short"), Showing(token_)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("5 bytes")));
}

TEST_F(BundleServiceTest, AFileComesInBoundedPiecesFromAnyOffset) {
  std::string content;
  while (content.size() < BundleService::kPiece * 5 / 2) {
    content += Text("line ", content.size(), "\n");
  }
  const std::string sha256 = Put(content);
  for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, uint64_t{BundleService::kPiece}}) {
    const auto pieces = Download(RequestOf(sha256, offset), Showing(token_));
    ASSERT_THAT(pieces.status(), IsOk());
    ASSERT_FALSE(pieces->empty());
    std::string all;
    for (const std::string& piece : *pieces) {
      EXPECT_LE(piece.size(), BundleService::kPiece);
      all += piece;
    }
    EXPECT_EQ(all, content.substr(offset));
  }
  const auto none = Download(RequestOf(sha256, content.size()), Showing(token_));
  ASSERT_THAT(none.status(), IsOk());
  EXPECT_THAT(*none, IsEmpty());
  EXPECT_THAT(Download(RequestOf(sha256, content.size() + 1), Showing(token_)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("offset")));
}

TEST_F(BundleServiceTest, NoMoreIsReadThanIsAskedFor) {
  const std::string content(BundleService::kPiece * 3, 'x');
  const std::string sha256 = Put(content);
  std::vector<size_t> sizes;
  Notice more;
  Running<void> reading(
      clock_,
      [](BundleService& bundles, v1::DownloadRequest request, std::vector<size_t>* into,
         Notice* go_on) -> Task<void> {
        Stream<v1::DownloadedPiece> pieces = bundles.Download(std::move(request));
        while (std::optional<v1::DownloadedPiece> piece = co_await pieces.Next()) {
          into->push_back(piece->data().size());
          co_await go_on->Wait();
        }
      }(bundles_, RequestOf(sha256), &sizes, &more),
      Showing(token_));
  Settle();
  EXPECT_EQ(sizes.size(), 1u);
  more.Give();
  Settle();
  EXPECT_EQ(sizes.size(), 2u);
}

}  // namespace
}  // namespace chains::deploy
