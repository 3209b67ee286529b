#include "deploy/bundle/machine.h"

#include <cstring>
#include <elf.h>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "deploy/bundle/elf.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kThisProgram[] = "/proc/self/exe";

v1::Machine MachineWith(const std::string& architecture, const std::string& glibc,
                        const std::string& level) {
  v1::Machine machine;
  machine.set_architecture(architecture);
  machine.set_glibc(glibc);
  machine.set_cpu_level(level);
  return machine;
}

TEST(VersionTest, ComparesNumbers) {
  EXPECT_TRUE(VersionLess("2.9", "2.34"));
  EXPECT_TRUE(VersionLess("2.34", "2.34.1"));
  EXPECT_TRUE(VersionLess("", "2.2.5"));
  EXPECT_FALSE(VersionLess("2.34", "2.34"));
  EXPECT_FALSE(VersionLess("3", "2.34"));
  EXPECT_FALSE(VersionLess("x", "")) << "and takes anything";
}

TEST(ElfTest, SaysWhatThisProgramNeeds) {
  const ElfFile elf = ReadElfFile(kThisProgram).value().value();
  EXPECT_EQ(elf.machine.architecture(), ThisMachine().architecture());
  EXPECT_THAT(elf.needed, Contains("libc.so.6"));
  EXPECT_FALSE(elf.machine.glibc().empty());
  EXPECT_THAT(CheckFits(elf.machine, ThisMachine()), IsOk());
  EXPECT_THAT(elf.soname, IsEmpty());
}

TEST(ElfTest, IsNoProgramOfAnotherKind) {
  const TemporaryFolder folder;
  EXPECT_FALSE(ReadElfFile(folder.Write("script", "#!/bin/sh\n")).value().has_value());
  EXPECT_FALSE(ReadElfFile(folder.Write("empty", "")).value().has_value());
  const std::string cut = folder.Write("cut",
                                       "\x7f"
                                       "ELF\x02\x01");
  EXPECT_THAT(ReadElfFile(cut),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(cut + ": it is no ELF file")));
  EXPECT_THAT(ReadElfFile(folder / "none"), StatusIs(absl::StatusCode::kNotFound));
}

// Whatever the bytes are, nothing outside them is read: sanitizers and valgrind look.
TEST(ElfTest, ReadsNothingOutside) {
  const std::string program = TextOfFile(kThisProgram);
  std::mt19937 random(1);
  for (size_t size : {size_t{0}, size_t{4}, size_t{63}, size_t{64}, size_t{65}, size_t{4096}}) {
    const std::string cut(program, 0, size);
    const absl::StatusOr<ElfFile> elf = ReadElf(absl::Span<const char>(cut.data(), cut.size()));
    EXPECT_FALSE(elf.ok()) << size;
  }
  std::string head(program, 0, std::min<size_t>(program.size(), 1 << 16));
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = head;
    for (int i = 0; i < 8; ++i) {
      damaged[16 + random() % std::min<size_t>(damaged.size() - 16, 4000)] =
          static_cast<char>(random());
    }
    ReadElf(absl::Span<const char>(damaged.data(), damaged.size())).status().IgnoreError();
  }
}

// A file with a note that says which level of x86-64 it needs.
std::string ProgramOfLevel(uint32_t bits) {
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof(header);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment = {};
  segment.p_type = PT_GNU_PROPERTY;
  segment.p_offset = sizeof(header) + sizeof(segment);
  const uint32_t note[] = {4, 16, NT_GNU_PROPERTY_TYPE_0, 0x00554e47, 0xc0008002, 4, bits, 0};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes.append(reinterpret_cast<const char*>(&segment), sizeof(segment));
  bytes.append(reinterpret_cast<const char*>(note), sizeof(note));
  return bytes;
}

TEST(ElfTest, KnowsTheLevelOfTheProcessor) {
  const auto level = [](uint32_t bits) {
    const std::string bytes = ProgramOfLevel(bits);
    return ReadElf(absl::Span<const char>(bytes.data(), bytes.size())).value().machine.cpu_level();
  };
  EXPECT_EQ(level(1), "");
  EXPECT_EQ(level(3), "x86-64-v2");
  EXPECT_EQ(level(7), "x86-64-v3");
  EXPECT_EQ(level(15), "x86-64-v4");
}

TEST(MachineTest, NeedsTheHighestOfAllFiles) {
  const TemporaryFolder folder;
  const std::string v3 = folder.Write("v3", ProgramOfLevel(7));
  const std::string v2 = folder.Write("v2", ProgramOfLevel(3));
  const std::string text = folder.Write("text", "no program");
  const v1::Machine machine = NeedsOfFiles({v2, v3, text}).value();
  EXPECT_EQ(machine.architecture(), "x86_64");
  EXPECT_EQ(machine.cpu_level(), "x86-64-v3");

  std::string arm = ProgramOfLevel(0);
  arm[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_AARCH64);
  EXPECT_THAT(NeedsOfFiles({v2, folder.Write("arm", arm)}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(folder / "arm is for aarch64, what comes with it for x86_64")));
}

TEST(MachineTest, FitsOrSaysWhyNot) {
  const v1::Machine here = MachineWith("x86_64", "2.36", "x86-64-v2");
  EXPECT_THAT(CheckFits(MachineWith("x86_64", "2.36", "x86-64-v2"), here), IsOk());
  EXPECT_THAT(CheckFits(MachineWith("x86_64", "2.4", ""), here), IsOk());
  EXPECT_THAT(CheckFits(v1::Machine(), here), IsOk());
  constexpr auto kCode = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(CheckFits(MachineWith("aarch64", "2.36", ""), here),
              StatusIs(kCode, HasSubstr("is for aarch64, this machine is x86_64")));
  EXPECT_THAT(CheckFits(MachineWith("x86_64", "2.38", ""), here),
              StatusIs(kCode, AllOf(HasSubstr("needs glibc 2.38, this machine has 2.36"),
                                    HasSubstr("build it on"))));
  EXPECT_THAT(CheckFits(MachineWith("x86_64", "", "x86-64-v3"), here),
              StatusIs(kCode, HasSubstr("level x86-64-v3, this machine has x86-64-v2")));
}

}  // namespace
}  // namespace chains::deploy
