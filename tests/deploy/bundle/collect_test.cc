#include "deploy/bundle/collect.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "chains/v1/replica.pb.h"
#include "deploy/bundle/bundle.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

v1::DescribeResponse Description() {
  v1::DescribeResponse description;
  v1::Manifest& manifest = *description.mutable_manifest();
  manifest.set_chain("hello");
  manifest.set_entrypoint("hello.HelloAll");
  manifest.add_chainlets()->set_name("hello.SayHello");
  manifest.add_chainlets()->set_name("hello.HelloAll");
  manifest.mutable_chainlets(0)->set_declared_at("main.cc:6");
  return description;
}

void AddAsset(v1::DescribeResponse& description, int chainlet, const std::string& name,
              const std::string& source, const std::string& sha256 = "") {
  v1::Asset& asset = *description.mutable_manifest()->mutable_chainlets(chainlet)->add_assets();
  asset.set_name(name);
  asset.set_source(source);
  asset.set_sha256(sha256);
}

class CollectTest : public ::testing::Test {
 protected:
  // A program that describes itself so. It is a script, so it needs no libraries.
  std::string Program(const v1::DescribeResponse& description) {
    const std::string wire = folder_.Write("wire", description.SerializeAsString());
    return folder_.WriteProgram(
        "bin/hello", Text("#!/bin/sh\n[ \"$1\" = --describe-wire ] && cat '", wire, "'\n"));
  }

  absl::StatusOr<CollectedBundle> Collect(const v1::DescribeResponse& description) {
    return CollectBundle({.program = Program(description), .folder = folder_.path()});
  }

  static std::vector<std::string> PathsOf(const v1::Bundle& bundle) {
    std::vector<std::string> paths;
    for (const v1::BundleFile& file : bundle.files()) paths.push_back(file.path());
    return paths;
  }

  const TemporaryFolder folder_;
};

TEST_F(CollectTest, MakesABundleOfAProgram) {
  const CollectedBundle made = Collect(Description()).value();
  EXPECT_THAT(ValidateBundle(made.bundle), IsOk());
  EXPECT_EQ(made.bundle.program(), "hello");
  EXPECT_THAT(PathsOf(made.bundle), ElementsAre("hello"));
  EXPECT_THAT(made.sources, ElementsAre(Pair("hello", folder_ / "bin/hello")));
  EXPECT_EQ(made.bundle.files(0).sha256(), Sha256OfFile(folder_ / "bin/hello").value());
  ASSERT_EQ(made.bundle.code_size(), 2);
  EXPECT_EQ(made.bundle.code(0).chainlet(), "hello.SayHello");
  EXPECT_EQ(made.bundle.code(0).sha256(), made.bundle.files(0).sha256());
}

TEST_F(CollectTest, MakesTheSameOfTheSame) {
  folder_.Write("model/a", "a");
  folder_.Write("model/b/c", "c");
  v1::DescribeResponse description = Description();
  AddAsset(description, 0, "model", "model");
  const std::string digest = DigestOf(Collect(description).value().bundle);
  std::filesystem::permissions(folder_ / "model/a", std::filesystem::perms::owner_all);
  EXPECT_EQ(DigestOf(Collect(description).value().bundle), digest) << "modes are not part of it";
  folder_.Write("model/a", "b");
  EXPECT_NE(DigestOf(Collect(description).value().bundle), digest);
}

TEST_F(CollectTest, CarriesAssetsThatAreFilesAndFolders) {
  folder_.Write("data/words.txt", "words");
  folder_.Write("model/a", "a");
  folder_.Write("model/b/c", "c");
  v1::DescribeResponse description = Description();
  AddAsset(description, 0, "words", "data/words.txt", Hex(Sha256Of("words")));
  AddAsset(description, 0, "model", folder_ / "model");
  AddAsset(description, 1, "words", "data/words.txt");
  AddAsset(description, 1, "weights", "https://example.com/weights.bin", std::string(64, '0'));
  const CollectedBundle made = Collect(description).value();
  EXPECT_THAT(PathsOf(made.bundle),
              ElementsAre("assets/model/a", "assets/model/b/c", "assets/words", "hello"));
  EXPECT_FALSE(made.bundle.files(2).executable());
  EXPECT_EQ(made.bundle.manifest().chainlets(1).assets_size(), 2)
      << "what has a URL is fetched later";
}

TEST_F(CollectTest, AUrlWithoutADigestIsRefusedBeforeAnythingIsSent) {
  v1::DescribeResponse description = Description();
  AddAsset(description, 1, "weights", "https://example.com/weights.bin", "");
  EXPECT_THAT(Collect(description).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a URL needs a sha256")));
}

TEST_F(CollectTest, SaysWhatIsWrongWithAnAsset) {
  folder_.Write("words", "words");
  folder_.Write("other", "other");
  const auto with = [&](const std::string& name, const std::string& source,
                        const std::string& sha256) {
    v1::DescribeResponse description = Description();
    AddAsset(description, 0, "taken", "words");
    AddAsset(description, 0, name, source, sha256);
    return Collect(description).status();
  };
  EXPECT_THAT(with("a", "none", ""),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("the asset 'a' of hello.SayHello (main.cc:6)"),
                             HasSubstr(folder_ / "none"))));
  EXPECT_THAT(with("a", "words", Hex(Sha256Of("other"))),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("as declared")));
  EXPECT_THAT(with("a", "words", "123"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(with("../a", "words", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has '..' in it")));
  EXPECT_THAT(with("taken", "other", ""), StatusIs(absl::StatusCode::kInvalidArgument,
                                                   HasSubstr("another chainlet has an asset")));
}

TEST_F(CollectTest, AsksWhoseCodeIsWhose) {
  CollectOptions options = {.program = Program(Description()), .folder = folder_.path()};
  options.code_of = [](const v1::Manifest& manifest) {
    std::vector<v1::ChainletCode> code(2);
    for (int i = 0; i < 2; ++i) {
      code[static_cast<size_t>(i)].set_chainlet(manifest.chainlets(i).name());
      code[static_cast<size_t>(i)].set_sha256(std::string(32, static_cast<char>('a' + i)));
    }
    return code;
  };
  const CollectedBundle made = CollectBundle(options).value();
  ASSERT_EQ(made.bundle.code_size(), 2);
  EXPECT_EQ(made.bundle.code(1).sha256(), std::string(32, 'b'));
  options.code_of = [](const v1::Manifest&) { return absl::NotFoundError("nm is not installed"); };
  EXPECT_THAT(CollectBundle(options), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(CollectTest, SaysWhyAProgramDoesNotDescribeItself) {
  const auto with = [&](const std::string& script) {
    return CollectBundle({.program = folder_.WriteProgram("bad", "#!/bin/sh\n" + script)}).status();
  };
  EXPECT_THAT(with("echo 'unknown flag' >&2; exit 2"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(folder_ / "bad"), HasSubstr("ended with exit code 2"),
                             HasSubstr("unknown flag"))));
  EXPECT_THAT(with("kill -ABRT $$"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("signal 6 (Aborted)")));
  EXPECT_THAT(with("echo hello"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                           HasSubstr("does not describe itself")));
  EXPECT_THAT(CollectBundle({.program = folder_ / "none"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(folder_ / "none")));
  EXPECT_THAT(CollectBundle({.program = folder_.Write("text", "text")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is no program")));
}

TEST(LddTest, KeepsAllButGlibcs) {
  EXPECT_THAT(
      LibrariesInLdd("\tlinux-vdso.so.1 (0x00007fff)\n"
                     "\tlibprotobuf.so.32 => /lib/x86_64-linux-gnu/libprotobuf.so.32 (0x00007f1)\n"
                     "\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f2)\n"
                     "\tlibcrypto.so.3 => /opt/my libs/libcrypto.so.3 (0x00007f3)\n"
                     "\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f4)\n"
                     "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f5)\n"
                     "\t/lib64/ld-linux-x86-64.so.2 (0x00007f6)\n")
          .value(),
      UnorderedElementsAre(Pair("libprotobuf.so.32", "/lib/x86_64-linux-gnu/libprotobuf.so.32"),
                           Pair("libstdc++.so.6", "/lib/x86_64-linux-gnu/libstdc++.so.6"),
                           Pair("libcrypto.so.3", "/opt/my libs/libcrypto.so.3")));
  EXPECT_THAT(LibrariesInLdd("").value(), IsEmpty());
}

TEST(LddTest, NamesWhatIsNotThere) {
  EXPECT_THAT(
      LibrariesInLdd("\tlibb.so => not found\n\tliba.so => not found\n\tliba.so => not found\n"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("liba.so, libb.so; install them")));
  EXPECT_THAT(LibrariesInLdd("\t./libx.so (0x00007f1)\n"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("./libx.so")));
}

TEST(LddTest, KnowsGlibcsFamily) {
  for (const char* name : {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "libpthread.so.0",
                           "libdl.so.2", "libnss_files.so.2", "libmvec.so.1", "linux-vdso.so.1"}) {
    EXPECT_TRUE(IsOfGlibc(name)) << name;
  }
  for (const char* name : {"libcrypto.so.3", "libcares.so.2", "libmimalloc.so.2", "librt-foo.so"}) {
    EXPECT_FALSE(IsOfGlibc(name)) << name;
  }
}

}  // namespace
}  // namespace chains::deploy
