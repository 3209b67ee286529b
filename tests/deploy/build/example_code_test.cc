// What chains_add_chain() writes about the example chains, and what each of their chainlets needs.
#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "deploy/build/code_digest.h"
#include "deploy/bundle/child.h"

namespace chains::deploy {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::Not;

Marker MarkerNamed(const std::string& name) {
  const std::vector<Marker> markers = MarkersOf(BUILD_DIR).value();
  for (const Marker& marker : markers) {
    if (marker.chain == name) return marker;
  }
  ADD_FAILURE() << "no marker of " << name << " below " << BUILD_DIR;
  return {};
}

// Names of the objects, without folders.
std::set<std::string> ObjectsOfClass(const Marker& marker, const std::string& class_name) {
  ChildOptions options{.arguments = {"nm", "--format=posix", "--no-demangle"}};
  for (const auto* list : {&marker.objects, &marker.main_objects}) {
    options.arguments.insert(options.arguments.end(), list->begin(), list->end());
  }
  std::set<std::string> names;
  const ChildResult nm = RunChild(options).value();
  for (const std::string& path :
       ObjectsOf(VirtualTableOf(class_name), SymbolsInNm(nm.output, ""))) {
    names.insert(std::filesystem::path(path).filename());
  }
  return names;
}

TEST(ExampleCodeTest, TheChainletsOfHelloDoNotShareTheirCode) {
  const Marker hello = MarkerNamed("hello");
  EXPECT_THAT(ObjectsOfClass(hello, "hello::Polite"),
              AllOf(Contains("say_hello.cc.o"), Not(Contains("hello_all.cc.o")),
                    Contains("hello.pb.cc.o")));
  EXPECT_THAT(ObjectsOfClass(hello, "hello::Greeter"),
              AllOf(Contains("hello_all.cc.o"), Not(Contains("say_hello.cc.o"))));
}

TEST(ExampleCodeTest, AnEditOfPoemGeneratorIsNobodyElses) {
  EXPECT_THAT(ObjectsOfClass(MarkerNamed("poems"), "poems::Poet"), Contains("poem_generator.cc.o"));
  v1::Manifest manifest;
  manifest.add_chainlets()->set_name("poems.PhiLlm");  // declared only: no code of its own
  manifest.add_chainlets()->set_name("poems.PoemGenerator");
  manifest.mutable_chainlets(1)->set_implementation("poems::Poet");
  DigestCache digests;
  Marker marker = MarkerNamed("poems");
  const std::vector<v1::ChainletCode> before = CodeDigests(marker, manifest, digests).value();
  std::erase_if(marker.objects,
                [](const std::string& path) { return path.ends_with("poem_generator.cc.o"); });
  const std::vector<v1::ChainletCode> after = CodeDigests(marker, manifest, digests).value();
  EXPECT_EQ(before[0].sha256(), after[0].sha256());
  EXPECT_NE(before[1].sha256(), after[1].sha256());
}

TEST(ExampleCodeTest, AMarkerNamesTheLibrariesOfTheProgram) {
  const Marker hello = MarkerNamed("hello");
  EXPECT_THAT(hello.libraries, Contains(EndsWith("/libchains.a")));
  EXPECT_THAT(hello.libraries, Contains(EndsWith("/libchains_core.a")));
  EXPECT_THAT(hello.libraries, Not(Contains(EndsWith("/libhello_chain.a"))));
  EXPECT_THAT(hello.libraries, Not(Contains(EndsWith("/libhello_proto.a"))));
  for (const std::string& path : hello.libraries)
    EXPECT_TRUE(std::filesystem::exists(path)) << path;
}

}  // namespace
}  // namespace chains::deploy
