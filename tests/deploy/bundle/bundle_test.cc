#include "deploy/bundle/bundle.h"

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "tests/deploy/bundle/bundles.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(DigestTest, IsSha256) {
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(Hex(Sha256Of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Hasher hasher;
  hasher.Update("a");
  hasher.Update("bc");
  EXPECT_EQ(hasher.Finish(), Sha256Of("abc"));
  EXPECT_EQ(Sha256FromHex(Hex(Sha256Of("abc"))).value(), Sha256Of("abc"));
}

TEST(DigestTest, OfAFileIsThatOfItsBytes) {
  const TemporaryFolder folder;
  const std::string large(3'000'001, 'x');
  EXPECT_EQ(Sha256OfFile(folder.Write("large", large)).value(), Sha256Of(large));
  EXPECT_THAT(Sha256OfFile(folder / "none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(folder / "none")));
  EXPECT_THAT(Sha256OfFile(folder.path()), StatusIs(kInvalid, HasSubstr("no regular file")));
}

TEST(DigestTest, RefusesWhatIsNone) {
  EXPECT_THAT(Sha256FromHex("ab"), StatusIs(kInvalid, HasSubstr("64 hexadecimal digits")));
  EXPECT_THAT(Sha256FromHex(std::string(64, 'g')), StatusIs(kInvalid));
}

TEST(DigestCacheTest, ReadsAFileAgainWhenItChanged) {
  const TemporaryFolder folder;
  DigestCache cache;
  const std::string path = folder.Write("file", "one");
  EXPECT_EQ(cache.Of(path).value(), Sha256Of("one"));
  folder.Write("other", "two");
  std::filesystem::rename(folder / "other", path);  // as editors and linkers replace a file
  EXPECT_EQ(cache.Of(path).value(), Sha256Of("two"));
  std::filesystem::remove(path);
  EXPECT_THAT(cache.Of(path), StatusIs(absl::StatusCode::kNotFound));
}

TEST(BundleTest, HasOneDigestHoweverItWasMade) {
  v1::Bundle a = HelloBundle("program");
  v1::Bundle b = HelloBundle("program");
  for (const char* name : {"one", "two", "three", "four"}) {
    (*a.mutable_manifest()->mutable_chainlets(0)->mutable_variables())[name] = name;
  }
  for (const char* name : {"four", "three", "two", "one"}) {
    (*b.mutable_manifest()->mutable_chainlets(0)->mutable_variables())[name] = name;
  }
  EXPECT_EQ(DigestOf(a), DigestOf(b));
  EXPECT_EQ(DigestOf(a).size(), 64u);
  EXPECT_NE(DigestOf(HelloBundle("program")), DigestOf(HelloBundle("Program")));
  EXPECT_EQ(DigestOf(ParseBundle(SerializeBundle(a)).value()), DigestOf(a));
}

TEST(BundleTest, MayHaveFilesInFolders) {
  v1::Bundle bundle = HelloBundle("program");
  AddFile(bundle, "lib/libfoo.so.1", "foo");
  AddFile(bundle, "assets/a model.bin", "model");
  AddFile(bundle, "assets/überfall/..x", "");
  EXPECT_THAT(ValidateBundle(bundle), IsOk());
}

struct Wrong {
  std::string name;
  std::function<void(v1::Bundle&)> make;
  std::string says;
};

class WrongBundleTest : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongBundleTest, IsRefusedByName) {
  v1::Bundle bundle = HelloBundle("program");
  AddFile(bundle, "lib/libfoo.so.1", "foo");
  ASSERT_THAT(ValidateBundle(bundle), IsOk());
  GetParam().make(bundle);
  EXPECT_THAT(ValidateBundle(bundle), StatusIs(kInvalid, HasSubstr(GetParam().says)));
}

std::function<void(v1::Bundle&)> With(const std::string& path) {
  return [path](v1::Bundle& bundle) { AddFile(bundle, path, "x"); };
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongBundleTest,
    ::testing::ValuesIn(std::vector<Wrong>{
        {"Absolute", With("/etc/passwd"), "'/etc/passwd' is not relative"},
        {"Up", With("../x"), "'../x' has '..' in it"},
        {"UpInside", With("lib/../../x"), "has '..' in it"},
        {"Dot", With("lib/./x"), "'lib/./x' is not normalized"},
        {"TwoSlashes", With("lib//x"), "is not normalized"},
        {"Folder", With("lib/x/"), "is not normalized"},
        {"Empty", With(""), "'' is empty"},
        {"LineEnd", With("a\nb"), "'a\\nb' has a control character"},
        {"Zero", With(std::string("a\0b", 3)), "has a control character"},
        {"Escape", With("a\x1b[2J"), "has a control character"},
        {"Long", With(std::string(600, 'a')), "is longer than 512 bytes"},
        {"LongName", With(std::string(300, 'a')), "a name longer than 255 bytes"},
        {"Twice", With("hello"), "it has the file 'hello' twice"},
        {"FileAndFolder", With("lib"), "it has 'lib' as a file and as a folder"},
        {"Order", [](v1::Bundle& b) { b.mutable_files()->SwapElements(0, 1); },
         "not in ascending order: 'hello' comes after 'lib/libfoo.so.1'"},
        {"ShortDigest", [](v1::Bundle& b) { b.mutable_files(1)->set_sha256("x"); },
         "the digest of 'lib/libfoo.so.1' has 1 bytes, not 32"},
        {"Size", [](v1::Bundle& b) { b.mutable_files(1)->set_size(uint64_t{1} << 63); },
         "the file 'lib/libfoo.so.1' has"},
        {"Sizes",
         [](v1::Bundle& b) {
           b.mutable_files(0)->set_size(kMaxBundleBytes);
           b.mutable_files(1)->set_size(kMaxBundleBytes);
         },
         "together"},
        {"ManyFiles",
         [](v1::Bundle& b) {
           for (int i = 0; i <= kMaxBundleFiles; ++i) *b.add_files() = b.files(0);
         },
         "files, more than 10000"},
        {"NoProgram", [](v1::Bundle& b) { b.set_program("gone"); },
         "its program 'gone' is none of its files"},
        {"NotExecutable", [](v1::Bundle& b) { b.mutable_files(0)->set_executable(false); },
         "its program 'hello' is not executable"},
        {"NoEntrypoint", [](v1::Bundle& b) { b.mutable_manifest()->set_entrypoint("a.B"); },
         "the entrypoint 'a.B', which is none of its chainlets"},
        {"ChainletTwice",
         [](v1::Bundle& b) { *b.mutable_manifest()->add_chainlets() = b.manifest().chainlets(0); },
         "the chainlet 'hello.HelloAll' twice"},
        {"ChainName", [](v1::Bundle& b) { b.mutable_manifest()->set_chain("../x"); },
         "the chain '../x'"},
        {"CodeOfNobody", [](v1::Bundle& b) { b.add_code()->set_chainlet("a.B"); },
         "code names 'a.B'"},
        {"CodeDigest",
         [](v1::Bundle& b) {
           b.add_code()->set_chainlet("hello.SayHello");
           b.mutable_code(0)->set_sha256("short");
         },
         "the code of 'hello.SayHello' has 5 bytes"},
    }),
    [](const ::testing::TestParamInfo<Wrong>& info) { return info.param.name; });

TEST(BundleTest, IsNotParsedOfOtherBytes) {
  EXPECT_THAT(ParseBundle("\xff\xff\xff"), StatusIs(kInvalid, HasSubstr("no chains.v1.Bundle")));
  EXPECT_THAT(ParseBundle(""), StatusIs(kInvalid));
  EXPECT_THAT(ParseBundle(std::string(kMaxBundleIndexBytes + 1, 'x')),
              StatusIs(kInvalid, HasSubstr("more than")));
}

}  // namespace
}  // namespace chains::deploy
