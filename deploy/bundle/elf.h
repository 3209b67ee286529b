// ReadElf: what a program or a shared library says about where it can run.
//
//   absl::StatusOr<ElfFile> elf = ReadElf(bytes);
//   if (elf.ok()) Use(elf->needed);  // "libprotobuf.so.32", …
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "chains/v1/bundle.pb.h"

namespace chains::deploy {

struct ElfFile {
  v1::Machine machine;              // what it needs itself; not what its libraries do
  std::vector<std::string> needed;  // names of shared libraries (DT_NEEDED)
  std::string soname;               // what it is known by (DT_SONAME); may be empty
  std::string rpath;                // where it looks for them (DT_RPATH); may be empty
};

// Whether these bytes begin as an ELF file does.
bool IsElf(absl::Span<const char> bytes);

// The bytes may be anything: nothing outside them is read. INVALID_ARGUMENT: they are no ELF file
// of 64 bits in this machine's byte order, or a part of it is not inside. Pure.
absl::StatusOr<ElfFile> ReadElf(absl::Span<const char> bytes);

// The same of a file; nullopt: it is no ELF file. Errors name it.
absl::StatusOr<std::optional<ElfFile>> ReadElfFile(const std::string& path);

// Whether the version `a` is less than `b`: "2.9" < "2.34", "" < "2.2.5".
bool VersionLess(std::string_view a, std::string_view b);

}  // namespace chains::deploy
