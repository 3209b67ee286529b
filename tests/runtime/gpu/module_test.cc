// Module: what is loaded, and what is refused and why.
#include "chains/gpu/module.h"

#include <fstream>

#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "pretend.h"

namespace chains::gpu {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::StatusIs;

TEST(ModuleTest, LoadsAModuleOnceAndFindsWhatItExports) {
  absl::StatusOr<const Module*> module = Module::Load(ModuleFile("pretended_gpu"));
  ASSERT_TRUE(module.ok()) << module.status();
  EXPECT_EQ((*module)->description(), "a pretended module");
  EXPECT_EQ((*module)->file().filename(), "pretended_gpu.so");
  EXPECT_EQ(*Module::Load(ModuleFile("../gpu/pretended_gpu")), *module);
  EXPECT_THAT(Module::Loaded(), ::testing::Contains(*module));
  absl::StatusOr<const ScaleExport*> scale = (*module)->Export<ScaleExport>(kScaleName);
  ASSERT_TRUE(scale.ok()) << scale.status();
  EXPECT_NE((*scale)->scale, nullptr);
}

TEST(ModuleTest, SaysWhatItDoesNotExport) {
  EXPECT_THAT(PretendedModule().Export<ScaleExport>("test.scale/2"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("pretended_gpu.so"), HasSubstr("'test.scale/2'"))));
}

TEST(ModuleTest, SaysThatThereIsNone) {
  EXPECT_THAT(Module::Load(ModuleFile("nothing")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nothing.so")));
}

TEST(ModuleTest, LooksBesideTheProgram) {
  ASSERT_EQ(Module::PlacesOf("pretended_gpu").size(), 1U);
  EXPECT_EQ(Module::PlacesOf("pretended_gpu")[0].filename(), "pretended_gpu.so");
  EXPECT_TRUE(Module::Find("pretended_gpu").ok());  // beside this test
  EXPECT_THAT(Module::Find("other_gpu"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr(Module::PlacesOf("other_gpu")[0].string()),
                             HasSubstr("chains_add_gpu_module(other_gpu"))));
}

TEST(ModuleTest, RefusesAModuleOfAnotherVersion) {
  EXPECT_THAT(Module::Load(ModuleFile("pretended_old_gpu")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("pretended_old_gpu.so"), HasSubstr("version 999"))));
}

TEST(ModuleTest, RefusesALibraryThatIsNoModule) {
  EXPECT_THAT(Module::Load(ModuleFile("no_gpu_module")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("exports no chains_gpu")));
}

TEST(ModuleTest, RefusesAFileThatIsNoLibrary) {
  const std::filesystem::path file = ::testing::TempDir() + "/text_gpu.so";
  std::ofstream(file) << "This is no library.\n";
  EXPECT_THAT(Module::Load(file),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("text_gpu.so"), HasSubstr("cannot be loaded"))));
}

TEST(ModuleTest, CountsDevicesBeyondTheLastWithIt) {
  const Module& module = PretendedModule();
  EXPECT_NE(&module.counts(0), &module.counts(1));
  EXPECT_EQ(&module.counts(1'000'000), &module.counts(2'000'000));
  EXPECT_EQ(&module.counts(-1), &module.counts(0));
}

}  // namespace
}  // namespace chains::gpu
