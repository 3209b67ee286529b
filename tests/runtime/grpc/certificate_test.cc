// Certificates, their names, and who makes them: nothing goes over a connection here.
#include "chains/grpc/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "chains/grpc/authority.h"
#include "chains/grpc/openssl.h"
#include "chains/testing/status_matchers.h"
#include "identities.h"

namespace chains {
namespace {

using internal::CertificateFacts;
using internal::CheckKeyMatches;
using internal::MakeSigningRequest;
using internal::ReadCertificate;
using internal::SigningRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

class CertificateTest : public ::testing::Test {
 protected:
  const absl::Time now_ = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()));
  const Authority authority_ = *Authority::New("chains.local", now_);
  const SigningRequest request_ = *MakeSigningRequest();
};

TEST_F(CertificateTest, HasTheNamesAndTheTimesThatTheAuthoritySays) {
  const PeerNames names = {ChainletPeer("chains.local", "hello", "hello.SayHello"),
                           ChainletPeer("chains.local", "hello", "hello.HelloAll")};
  const absl::StatusOr<std::string> pem = authority_.Certify(request_.request_pem, names, now_);
  ASSERT_TRUE(pem.ok()) << pem.status();
  const absl::StatusOr<CertificateFacts> facts = ReadCertificate(*pem);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_THAT(facts->names,
              ElementsAre("spiffe://chains.local/chain/hello/chainlet/hello.SayHello",
                          "spiffe://chains.local/chain/hello/chainlet/hello.HelloAll"));
  EXPECT_EQ(facts->not_before, now_ - absl::Minutes(5));
  EXPECT_EQ(facts->not_after, now_ + absl::Hours(24));
  EXPECT_TRUE(CheckKeyMatches(request_.key_pem + *pem).ok());
}

TEST_F(CertificateTest, AKeyOfAnotherCertificateIsFoundOut) {
  const std::string pem =
      *authority_.Certify(request_.request_pem, {GatewayPeer("chains.local")}, now_);
  EXPECT_THAT(
      CheckKeyMatches(MakeSigningRequest()->key_pem + pem),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not that of the certificate")));
}

TEST_F(CertificateTest, ANameWithACommaIsOneName) {
  const PeerNames names = {"spiffe://a.b/x,URI:spiffe://a.b/gateway"};
  const std::string pem = *authority_.Certify(request_.request_pem, names, now_);
  EXPECT_EQ(ReadCertificate(pem)->names, names);
}

TEST_F(CertificateTest, NobodyGetsACertificateWithoutAName) {
  EXPECT_THAT(authority_.Certify(request_.request_pem, {}, now_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nobody")));
}

TEST_F(CertificateTest, ARequestMustBeSignedWithItsOwnKey) {
  // Its public key is exchanged for another's; the signature stays.
  absl::StatusOr<internal::Owned<X509_REQ>> request = internal::RequestFrom(request_.request_pem);
  const absl::StatusOr<internal::Owned<EVP_PKEY>> other = internal::NewKey();
  ASSERT_EQ(X509_REQ_set_pubkey(request->get(), other->get()), 1);
  const std::string forged = *internal::ToPem(**request);
  EXPECT_THAT(authority_.Certify(forged, {GatewayPeer("chains.local")}, now_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not signed with the key")));
}

TEST_F(CertificateTest, WhatIsNoRequestIsRefused) {
  for (const std::string& text :
       {std::string(), std::string("what?"), request_.key_pem, std::string(size_t{2} << 20, 'x')}) {
    EXPECT_THAT(authority_.Certify(text, {GatewayPeer("chains.local")}, now_).status(),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST_F(CertificateTest, AnAuthorityIsTheSameAfterItWasKept) {
  const absl::StatusOr<Authority> kept = Authority::FromPem(authority_.ToPem());
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->roots(), authority_.roots());
  EXPECT_EQ(kept->trust_domain(), "chains.local");
  EXPECT_EQ(kept->ToPem(), authority_.ToPem());
}

TEST_F(CertificateTest, OnlyAnAuthorityMayBeKeptAsOne) {
  const std::string pem =
      *authority_.Certify(request_.request_pem, {GatewayPeer("chains.local")}, now_);
  EXPECT_THAT(Authority::FromPem(request_.key_pem + pem).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not that of an authority")));
  EXPECT_THAT(Authority::FromPem(authority_.roots()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no private key")));
}

TEST_F(CertificateTest, RootsAreNoSecret) {
  EXPECT_THAT(authority_.roots(), ::testing::Not(HasSubstr("PRIVATE KEY")));
}

TEST(PeerNamesTest, ATrustDomainIsCheckedBeforeItStandsInAName) {
  EXPECT_TRUE(CheckTrustDomain("chains-1.local").ok());
  for (const char* const wrong : {"", "Chains", "a/b", "a b", "a:1"}) {
    EXPECT_THAT(CheckTrustDomain(wrong), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
  EXPECT_THAT(Authority::New("a/b", absl::Now()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PeerNamesTest, ANameSaysItsTrustDomain) {
  EXPECT_EQ(*TrustDomainOf(GatewayPeer("a.b")), "a.b");
  EXPECT_EQ(*TrustDomainOf("spiffe://a.b"), "a.b");
  EXPECT_THAT(TrustDomainOf("https://a.b/gateway").status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(TrustDomainOf("spiffe:///gateway").status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

class IdentityFilesTest : public ::testing::Test {
 protected:
  absl::Status Problem() { return Identity::Load({.folder = identities_.FolderOf("a")}).status(); }
  Identities identities_;
};

TEST_F(IdentityFilesTest, AnIdentitySaysItsNames) {
  const auto identity = identities_.Make("a", {GatewayPeer("test.local")});
  EXPECT_THAT(identity->names(), ElementsAre("spiffe://test.local/gateway"));
  EXPECT_EQ(identity->trust_domain(), "test.local");
}

TEST_F(IdentityFilesTest, AFileThatCannotBeUsedIsNamed) {
  EXPECT_THAT(Problem(), StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr("a/identity.pem: it cannot be read")));
  identities_.Write("a", {GatewayPeer("test.local")});
  identities_.Put("a", "roots.pem", "nothing");
  EXPECT_THAT(Problem(), StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr("a/roots.pem: there is no certificate")));
  identities_.Write("a", {"https://a.b"});
  EXPECT_THAT(Problem(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("https://a.b")));
  identities_.Put("a", "identity.pem", identities_.authority().roots());
  EXPECT_THAT(Problem(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no private key")));
}

}  // namespace
}  // namespace chains
