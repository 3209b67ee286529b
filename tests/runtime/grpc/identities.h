// Identities for tests: an authority, and folders with what it vouches for.
#pragma once

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "chains/grpc/authority.h"
#include "chains/grpc/certificate.h"
#include "chains/grpc/identity.h"

namespace chains {

class Identities {
 public:
  Identities() : root_(Made(Authority::New("test.local", absl::Now()))) {
    static int count = 0;
    folder_ = absl::StrCat(::testing::TempDir(), "/identities_", ::getpid(), "_", ++count);
    std::filesystem::create_directories(folder_);
  }
  ~Identities() { std::filesystem::remove_all(folder_); }
  Identities(const Identities&) = delete;

  const Authority& authority() const { return root_; }
  // Whom everybody trusts from now on; what was written before stays.
  void SetAuthority(Authority root) { root_ = std::move(root); }

  std::string FolderOf(const std::string& who) const { return absl::StrCat(folder_, "/", who); }
  std::string RootsOf(const std::string& who) const { return FolderOf(who) + "/roots.pem"; }

  // (Re)writes the folder of `who`.
  void Write(const std::string& who, const PeerNames& names) {
    std::filesystem::create_directories(FolderOf(who));
    internal::SigningRequest request = Made(internal::MakeSigningRequest());
    const std::string certificate = Made(root_.Certify(request.request_pem, names, absl::Now()));
    Put(who, "identity.pem", request.key_pem + certificate);
    Put(who, "roots.pem", root_.roots());
  }
  void Put(const std::string& who, const std::string& file, const std::string& content) {
    const std::string path = absl::StrCat(FolderOf(who), "/", file);
    std::ofstream(path + ".new", std::ios::binary) << content;
    std::rename((path + ".new").c_str(), path.c_str());
  }

  std::shared_ptr<const Identity> Load(const std::string& who) {
    return Made(Identity::Load({.folder = FolderOf(who), .look_every = absl::Seconds(1)}));
  }
  std::shared_ptr<const Identity> Make(const std::string& who, const PeerNames& names) {
    Write(who, names);
    return Load(who);
  }

 private:
  template <typename T>
  static T Made(absl::StatusOr<T> made) {
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }

  Authority root_;
  std::string folder_;
};

}  // namespace chains
