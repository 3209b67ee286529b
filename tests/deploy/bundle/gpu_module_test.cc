// GPU modules in bundles.
#include "deploy/bundle/gpu_module.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "chains/v1/replica.pb.h"
#include "deploy/bundle/bundle.h"
#include "deploy/bundle/collect.h"
#include "tests/deploy/bundle/bundles.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

// A bundle of hello, one of whose chainlets declares a GPU and its module.
v1::Bundle BundleWithModule(bool optional) {
  v1::Bundle bundle = HelloBundle("program");
  v1::Chainlet& chainlet = *bundle.mutable_manifest()->mutable_chainlets(1);
  chainlet.set_declared_at("main.cc:9");
  chainlet.mutable_resources()->set_gpu("A10G");
  chainlet.mutable_resources()->set_gpu_count(1);
  chainlet.mutable_resources()->set_gpu_module("hello_cuda");
  chainlet.mutable_resources()->set_gpu_optional(optional);
  return bundle;
}

TEST(GpuModuleTest, ABundleWithoutItIsRefused) {
  EXPECT_THAT(ValidateBundle(BundleWithModule(false)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("lacks the GPU module hello_cuda.so"),
                             HasSubstr("hello.SayHello (main.cc:9)"), HasSubstr("gpu_optional"))));
}

TEST(GpuModuleTest, ABundleWithItIsTaken) {
  v1::Bundle bundle = BundleWithModule(false);
  AddFile(bundle, "hello_cuda.so", "module");
  EXPECT_THAT(ValidateBundle(bundle), IsOk());
  const v1::BundleFile* const module = FindGpuModule(bundle, bundle.manifest().chainlets(1));
  ASSERT_NE(module, nullptr);
  EXPECT_EQ(module->path(), "hello_cuda.so");
  EXPECT_EQ(FindGpuModule(bundle, bundle.manifest().chainlets(0)), nullptr);
}

TEST(GpuModuleTest, WhatMayRunOnCpusNeedsNone) {
  EXPECT_THAT(ValidateBundle(BundleWithModule(true)), IsOk());
}

TEST(GpuModuleTest, LibrariesOfCudaAreNotCarried) {
  for (const char* name : {"libcuda.so.1", "libcublas.so.13", "libcublasLt.so.13", "libcudnn.so.9",
                           "libcudnn_graph.so.9", "libnvidia-ml.so.1", "libcudart.so.13"}) {
    EXPECT_TRUE(IsOfCuda(name)) << name;
  }
  for (const char* name :
       {"libcudf.so", "libstdc++.so.6", "libcurl.so.4", "libnv.so", "libm.so.6"}) {
    EXPECT_FALSE(IsOfCuda(name)) << name;
  }
  std::vector<std::string> left_out;
  EXPECT_EQ(WithoutCuda("\tlibcublas.so.13 => not found\n\tlibz.so.1 => /lib/libz.so.1 (0x1)\n"
                        "\tlibcudnn.so.9 => /usr/lib/libcudnn.so.9 (0x2)",
                        left_out),
            "\tlibz.so.1 => /lib/libz.so.1 (0x1)\n");
  EXPECT_THAT(left_out, ElementsAre("libcublas.so.13", "libcudnn.so.9"));
}

class CollectGpuModuleTest : public ::testing::Test {
 protected:
  // A program, as a script, that describes itself as the chain hello with a GPU module.
  absl::StatusOr<CollectedBundle> Collect(bool optional) {
    v1::DescribeResponse description;
    *description.mutable_manifest() = BundleWithModule(optional).manifest();
    const std::string wire = folder_.Write("wire", description.SerializeAsString());
    const std::string program = folder_.WriteProgram(
        "bin/hello", Text("#!/bin/sh\n[ \"$1\" = --describe-wire ] && cat '", wire, "'\n"));
    return CollectBundle({.program = program, .folder = folder_.path()});
  }

  const TemporaryFolder folder_;
};

TEST_F(CollectGpuModuleTest, IsTakenFromBesideTheProgram) {
  folder_.Write("bin/hello_cuda.so", "not even a library");
  absl::StatusOr<CollectedBundle> made = Collect(false);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(made->sources, Contains(Pair("hello_cuda.so", folder_ / "bin/hello_cuda.so")));
  EXPECT_NE(FindGpuModule(made->bundle, made->bundle.manifest().chainlets(1)), nullptr);
  EXPECT_THAT(made->notes, IsEmpty());
}

TEST_F(CollectGpuModuleTest, ComesWithItsLibraries) {
  const std::string module = folder_.Write("bin/hello_cuda.so", "");
  std::filesystem::copy_file(PRETENDED_MODULE, module,
                             std::filesystem::copy_options::overwrite_existing);
  absl::StatusOr<CollectedBundle> made = Collect(false);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(made->sources, Contains(Key(StartsWith("lib/libstdc++.so"))));
  EXPECT_THAT(made->sources, Not(Contains(Key(StartsWith("lib/libc.so")))));
}

TEST_F(CollectGpuModuleTest, SaysWhichIsMissingWhereItLookedAndWhatToDo) {
  EXPECT_THAT(Collect(false),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("hello.SayHello (main.cc:9) needs the GPU module"),
                             HasSubstr(folder_ / "bin/hello_cuda.so"),
                             HasSubstr("chains_add_gpu_module(hello_cuda"),
                             HasSubstr("gpu_optional = true"))));
}

TEST_F(CollectGpuModuleTest, SaysThatItWillRunOnCpusEverywhere) {
  absl::StatusOr<CollectedBundle> made = Collect(true);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(made->notes, ElementsAre(AllOf(HasSubstr("runs on CPUs everywhere"),
                                             HasSubstr(folder_ / "bin/hello_cuda.so"))));
}

}  // namespace
}  // namespace chains::deploy
