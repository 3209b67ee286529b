#include "deploy/build/code_digest.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "deploy/bundle/child.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

TEST(MarkerTest, IsReadFromJson) {
  const Marker marker = ParseMarker(R"({
    "chain": "hello", "target": "hello", "source_dir": "/p/hello", "proto_root": "/p/protos",
    "build_dir": "/p/build", "config": "Release", "program": "/p/build/hello",
    "main_objects": ["/p/build/./main.cc.o"],
    "objects": ["/p/build/a.cc.o", "/p/build/cmake_pch.hxx.gch"], "libraries": [""]})")
                            .value();
  EXPECT_EQ(marker.chain, "hello");
  EXPECT_EQ(marker.proto_root, "/p/protos");
  EXPECT_THAT(marker.main_objects, ElementsAre("/p/build/main.cc.o"));
  EXPECT_THAT(marker.objects, ElementsAre("/p/build/a.cc.o")) << "without the precompiled header";
  EXPECT_TRUE(marker.libraries.empty());
}

TEST(MarkerTest, SaysWhichFieldIsMissing) {
  EXPECT_THAT(ParseMarker(R"({"chain": "hello"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("field target is missing")));
  EXPECT_THAT(ParseMarker("["), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no JSON")));
}

TEST(MarkerTest, NamesTheFileThatCannotBeRead) {
  const TemporaryFolder folder;
  EXPECT_TRUE(MarkersOf(folder.path()).value().empty());
  const std::string path = folder.Write("chains/hello.json", "{}");
  EXPECT_THAT(MarkersOf(folder.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(path)));
}

TEST(VirtualTableTest, IsNamedAsCompilersDo) {
  EXPECT_EQ(VirtualTableOf("Prices"), "_ZTV6Prices");
  EXPECT_EQ(VirtualTableOf("hello::Polite"), "_ZTVN5hello6PoliteE");
  EXPECT_EQ(VirtualTableOf("a::b::C1"), "_ZTVN1a1b2C1E");
  EXPECT_EQ(VirtualTableOf("(anonymous namespace)::Basket"), "_ZTVN12_GLOBAL__N_16BasketE");
  EXPECT_EQ(VirtualTableOf("hello::Cached<int>"), "") << "is not told from its name";
  EXPECT_EQ(VirtualTableOf(""), "");
}

TEST(NmTest, TellsDefinedFromUndefined) {
  const std::map<std::string, Symbols> objects = SymbolsInNm(
      "/b/a.o:\n"
      "_ZTVN1a1AE V 0 28\n"
      "strong T 10 20\n"
      "local t 10 20\n"
      "needed U         \n"
      "maybe w         \n"
      "_ZTVN12_GLOBAL__N_11BE d 0 10\n"
      "\n"
      "/b/with space.o:\n"
      "needed T 0 1\n",
      "");
  EXPECT_THAT(objects.at("/b/a.o").defined,
              UnorderedElementsAre("_ZTVN1a1AE", "strong", "_ZTVN12_GLOBAL__N_11BE"));
  EXPECT_THAT(objects.at("/b/a.o").weak, UnorderedElementsAre("_ZTVN1a1AE"));
  EXPECT_THAT(objects.at("/b/a.o").undefined, UnorderedElementsAre("needed", "maybe"));
  EXPECT_THAT(objects.at("/b/with space.o").defined, UnorderedElementsAre("needed"));
  EXPECT_THAT(SymbolsInNm("f T 0 1\n", "/only.o").at("/only.o").defined, UnorderedElementsAre("f"));
}

TEST(ObjectsTest, FollowsWhatIsUndefined) {
  std::map<std::string, Symbols> objects;
  objects["a.o"] = {.defined = {"_ZTV1A", "f"}, .weak = {}, .undefined = {"helper", "outside"}};
  objects["helper.o"] = {
      .defined = {"helper", "inline"}, .weak = {"inline"}, .undefined = {"deep"}};
  objects["deep.o"] = {.defined = {"deep"}, .weak = {}, .undefined = {"f"}};
  objects["b.o"] = {.defined = {"_ZTV1B", "inline"}, .weak = {"inline"}, .undefined = {}};
  EXPECT_THAT(ObjectsOf("_ZTV1A", objects), ElementsAre("a.o", "deep.o", "helper.o"));
  EXPECT_THAT(ObjectsOf("_ZTV1B", objects), ElementsAre("b.o"));
  EXPECT_EQ(ObjectsOf("_ZTV1C", objects).size(), 4u) << "what is not found needs everything";
  EXPECT_EQ(ObjectsOf("", objects).size(), 4u);
}

// Two chainlets that share a file, compiled as CMake would.
class CodeDigestsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!IsProgramInPath("c++") || !IsProgramInPath("nm")) GTEST_SKIP() << "no compiler here";
    folder_.Write("base.h", "struct Base { virtual ~Base() = default; virtual int Run() = 0; };\n");
    folder_.Write("chain.h",
                  "#include \"base.h\"\nint Shared();\nint Own();\nnamespace hello {\n"
                  "struct A final : Base { int Run() override; };\n"
                  "struct B final : Base { int Run() override; };\n}\n");
    folder_.Write("a.cc",
                  "#include \"chain.h\"\nint hello::A::Run() { return Shared() + Own(); }\n");
    folder_.Write("b.cc", "#include \"chain.h\"\nint hello::B::Run() { return Shared(); }\n");
    folder_.Write("shared.cc", "int Shared() { return 1; }\n");
    folder_.Write("own.cc", "int Own() { return 1; }\n");
    folder_.Write("main.cc",
                  "#include \"chain.h\"\nint main() { hello::A a; hello::B b; "
                  "Base* all[] = {&a, &b}; return all[0]->Run() + all[1]->Run(); }\n");
    folder_.Write("library.a", "library");
    for (const char* name : {"a", "b", "shared", "own", "main"}) Compile(name);
    for (const char* name : {"a", "b", "shared", "own"}) {
      marker_.objects.push_back(folder_ / (std::string(name) + ".o"));
    }
    marker_.main_objects = {folder_ / "main.o"};
    marker_.libraries = {folder_ / "library.a"};
    for (const char* name : {"A", "B"}) {
      v1::Chainlet& chainlet = *manifest_.add_chainlets();
      chainlet.set_name(std::string("hello.") + name);
      chainlet.set_implementation(std::string("hello::") + name);
    }
    manifest_.add_chainlets()->set_name("hello.Declared");
  }

  void Compile(const std::string& name) {
    const absl::StatusOr<ChildResult> compiled =
        RunChild({.arguments = {"c++", "-O1", "-std=c++17", "-c", name + ".cc", "-o", name + ".o"},
                  .folder = folder_.path()});
    ASSERT_TRUE(compiled.ok() && compiled->ok()) << (compiled.ok() ? compiled->errors : "");
  }

  // Which of the chainlets have another digest after `text` is what `name`.cc says.
  std::vector<std::string> ChangedBy(const std::string& name, const std::string& text) {
    const std::vector<v1::ChainletCode> before = CodeDigests(marker_, manifest_, digests_).value();
    folder_.Write(name + ".cc", text);
    Compile(name);
    return Differing(before);
  }

  std::vector<std::string> Differing(const std::vector<v1::ChainletCode>& before) {
    const std::vector<v1::ChainletCode> after = CodeDigests(marker_, manifest_, digests_).value();
    std::vector<std::string> changed;
    for (size_t i = 0; i < after.size(); ++i) {
      EXPECT_EQ(after[i].sha256().size(), 32u);
      if (after[i].sha256() != before[i].sha256()) changed.push_back(after[i].chainlet());
    }
    return changed;
  }

  const TemporaryFolder folder_;
  Marker marker_;
  v1::Manifest manifest_;
  DigestCache digests_;
};

TEST_F(CodeDigestsTest, ChangeForThoseWhoseCodeChanged) {
  EXPECT_THAT(ChangedBy("b", "#include \"chain.h\"\nint hello::B::Run() { return 2; }\n"),
              ElementsAre("hello.B"));
  EXPECT_THAT(ChangedBy("own", "int Own() { return 2; }\n"), ElementsAre("hello.A"));
  // B no longer calls it.
  EXPECT_THAT(ChangedBy("shared", "int Shared() { return 2; }\n"), ElementsAre("hello.A"));
  EXPECT_THAT(ChangedBy("b", "#include \"chain.h\"\nint hello::B::Run() { return Shared(); }\n"),
              ElementsAre("hello.B"));
  EXPECT_THAT(ChangedBy("shared", "int Shared() { return 3; }\n"),
              ElementsAre("hello.A", "hello.B"));
  EXPECT_THAT(ChangedBy("main", "int main() { return 3; }\n"),
              ElementsAre("hello.A", "hello.B", "hello.Declared"));
}

TEST_F(CodeDigestsTest, ChangeForNobodyWhereTheSameIsBuiltAgain) {
  EXPECT_THAT(ChangedBy("own", "int Own() { return 1; }  // as before\n"), ElementsAre());
}

TEST_F(CodeDigestsTest, ChangeForAllWithALibrary) {
  const std::vector<v1::ChainletCode> before = CodeDigests(marker_, manifest_, digests_).value();
  folder_.Write("library.a", "another");
  EXPECT_EQ(Differing(before).size(), 3u);
}

TEST_F(CodeDigestsTest, NameAnObjectThatIsNotThere) {
  std::filesystem::remove(folder_ / "a.o");
  const absl::Status status = CodeDigests(marker_, manifest_, digests_).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("a.o")));
}

}  // namespace
}  // namespace chains::deploy
