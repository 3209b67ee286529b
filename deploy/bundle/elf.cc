#include "deploy/bundle/elf.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {
namespace {

constexpr uint32_t kIsaNeeded = 0xc0008002;  // GNU_PROPERTY_X86_ISA_1_NEEDED
constexpr size_t kMaxEntries = 10'000;       // of any table; a file with more is not read

absl::Status Broken(std::string_view what) {
  return absl::InvalidArgumentError(Text("it is no ELF file that can be read: ", what));
}

// The bytes of a file, of which nothing outside is ever read.
class Bytes {
 public:
  explicit Bytes(absl::Span<const char> bytes) : bytes_(bytes) {}

  // False: it is not inside.
  template <typename T>
  bool Get(uint64_t offset, T& out) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return false;
    std::memcpy(&out, bytes_.data() + offset, sizeof(T));
    return true;
  }

  // The text that begins at `offset` and ends with a zero before `end`; empty: there is none.
  std::string_view Text(uint64_t offset, uint64_t end) const {
    end = std::min<uint64_t>(end, bytes_.size());
    if (offset >= end) return {};
    const char* begin = bytes_.data() + offset;
    const void* zero = std::memchr(begin, 0, end - offset);
    if (zero == nullptr) return {};
    return {begin, static_cast<size_t>(static_cast<const char*>(zero) - begin)};
  }

 private:
  absl::Span<const char> bytes_;
};

std::string ArchitectureOf(uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86_64";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv64";
    case EM_PPC64:
      return "ppc64le";
    case EM_S390:
      return "s390x";
    default:
      return Text("machine ", machine);
  }
}

// Reads one file; the parts in the order in which they are found.
class Reader {
 public:
  explicit Reader(absl::Span<const char> bytes) : bytes_(bytes) {}

  absl::StatusOr<ElfFile> Read() {
    absl::Status status = ReadHeader();
    if (status.ok()) status = ReadSegments();
    if (status.ok()) status = ReadDynamic();
    if (status.ok()) status = ReadVersionNeeds();
    if (status.ok()) status = ReadProperties();
    if (!status.ok()) return status;
    return std::move(elf_);
  }

 private:
  absl::Status ReadHeader() {
    if (!bytes_.Get(0, header_) || std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) {
      return Broken("it does not begin as one");
    }
    const uint16_t one = 1;
    const bool little = *reinterpret_cast<const unsigned char*>(&one) == 1;
    if (header_.e_ident[EI_CLASS] != ELFCLASS64 ||
        header_.e_ident[EI_DATA] != (little ? ELFDATA2LSB : ELFDATA2MSB)) {
      return Broken("it is for another kind of machine (32 bits, or another byte order)");
    }
    elf_.machine.set_architecture(ArchitectureOf(header_.e_machine));
    return absl::OkStatus();
  }

  absl::Status ReadSegments() {
    if (header_.e_phnum > kMaxEntries ||
        (header_.e_phnum > 0 && header_.e_phentsize < sizeof(Elf64_Phdr))) {
      return Broken("its program headers");
    }
    for (size_t i = 0; i < header_.e_phnum; ++i) {
      Elf64_Phdr segment;
      if (!bytes_.Get(header_.e_phoff + i * header_.e_phentsize, segment)) {
        return Broken("its program headers are not inside");
      }
      segments_.push_back(segment);
    }
    return absl::OkStatus();
  }

  const Elf64_Phdr* Find(uint32_t type) const {
    const auto found = std::find_if(segments_.begin(), segments_.end(),
                                    [&](const Elf64_Phdr& s) { return s.p_type == type; });
    return found == segments_.end() ? nullptr : &*found;
  }

  // Where in the file is what will be at `address`; false: nowhere.
  bool OffsetOf(uint64_t address, uint64_t& offset) const {
    for (const Elf64_Phdr& segment : segments_) {
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
          address - segment.p_vaddr < segment.p_filesz) {
        offset = segment.p_offset + (address - segment.p_vaddr);
        return true;
      }
    }
    return false;
  }

  absl::Status ReadDynamic() {
    const Elf64_Phdr* dynamic = Find(PT_DYNAMIC);
    if (dynamic == nullptr) return absl::OkStatus();  // linked statically
    const size_t count = std::min<uint64_t>(dynamic->p_filesz / sizeof(Elf64_Dyn), kMaxEntries);
    std::vector<uint64_t> needed;
    uint64_t soname = 0, rpath = 0, text_size = 0;
    for (size_t i = 0; i < count; ++i) {
      Elf64_Dyn entry;
      if (!bytes_.Get(dynamic->p_offset + i * sizeof(entry), entry)) {
        return Broken("its dynamic section is not inside");
      }
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_NEEDED) needed.push_back(entry.d_un.d_val);
      if (entry.d_tag == DT_SONAME) soname = entry.d_un.d_val;
      if (entry.d_tag == DT_RPATH) rpath = entry.d_un.d_val;
      if (entry.d_tag == DT_STRTAB && !OffsetOf(entry.d_un.d_ptr, texts_)) texts_ = 0;
      if (entry.d_tag == DT_STRSZ) text_size = entry.d_un.d_val;
      if (entry.d_tag == DT_VERNEED && !OffsetOf(entry.d_un.d_ptr, version_needs_)) {
        return Broken("its version needs are not inside");
      }
    }
    if (texts_ == 0) return needed.empty() ? absl::OkStatus() : Broken("its texts are not inside");
    texts_end_ = texts_ + std::min<uint64_t>(text_size, uint64_t{1} << 32);
    for (const uint64_t name : needed) elf_.needed.push_back(TextAt(name));
    if (soname != 0) elf_.soname = TextAt(soname);
    if (rpath != 0) elf_.rpath = TextAt(rpath);
    return absl::OkStatus();
  }

  std::string TextAt(uint64_t offset) const {
    if (offset >= texts_end_ - texts_) return "";
    return std::string(bytes_.Text(texts_ + offset, texts_end_));
  }

  absl::Status ReadVersionNeeds() {
    uint64_t at = version_needs_;
    for (size_t i = 0; at != 0 && i < kMaxEntries; ++i) {
      Elf64_Verneed library;
      if (!bytes_.Get(at, library)) return Broken("its version needs are not inside");
      uint64_t version_at = at + library.vn_aux;
      for (size_t j = 0; j < library.vn_cnt; ++j) {
        Elf64_Vernaux version;
        if (!bytes_.Get(version_at, version)) return Broken("its version needs are not inside");
        NeedVersion(TextAt(version.vna_name));
        if (version.vna_next == 0) break;
        version_at += version.vna_next;
      }
      if (library.vn_next == 0) break;
      at += library.vn_next;
    }
    return absl::OkStatus();
  }

  void NeedVersion(std::string_view name) {
    constexpr std::string_view kPrefix = "GLIBC_";
    if (!name.starts_with(kPrefix)) return;
    name.remove_prefix(kPrefix.size());
    if (name == "ABI_DT_RELR") name = "2.36";  // packed relocations, which came with it
    if (name.empty() || name.find_first_not_of("0123456789.") != name.npos) return;  // PRIVATE
    if (VersionLess(elf_.machine.glibc(), name)) elf_.machine.set_glibc(std::string(name));
  }

  absl::Status ReadProperties() {
    const Elf64_Phdr* segment = Find(PT_GNU_PROPERTY);
    Elf64_Nhdr note;
    if (segment == nullptr || header_.e_machine != EM_X86_64) return absl::OkStatus();
    if (!bytes_.Get(segment->p_offset, note)) return Broken("its properties are not inside");
    // After the note's head and its name, "GNU": properties, each of them in a multiple of 8 bytes.
    uint64_t at = segment->p_offset + sizeof(note) + 4;
    const uint64_t end = at + std::min<uint64_t>(note.n_descsz, 1 << 16);
    while (at + 8 <= end) {
      uint32_t head[2];  // type, size
      if (!bytes_.Get(at, head)) return Broken("its properties are not inside");
      uint32_t bits = 0;
      if (head[0] == kIsaNeeded && head[1] == 4 && bytes_.Get(at + 8, bits)) SetCpuLevel(bits);
      at += 8 + ((uint64_t{head[1]} + 7) & ~uint64_t{7});
    }
    return absl::OkStatus();
  }

  void SetCpuLevel(uint32_t bits) {
    for (int level = 4; level >= 2; --level) {
      if ((bits >> (level - 1) & 1) == 0) continue;
      elf_.machine.set_cpu_level(Text("x86-64-v", level));
      return;
    }
  }

  const Bytes bytes_;
  ElfFile elf_;
  Elf64_Ehdr header_ = {};
  std::vector<Elf64_Phdr> segments_;
  uint64_t texts_ = 0;
  uint64_t texts_end_ = 0;
  uint64_t version_needs_ = 0;
};

// A file's content as memory. Move is not needed.
class Mapping {
 public:
  Mapping(const FileDescriptor& file, size_t size)
      : size_(size), data_(mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0)) {}
  ~Mapping() {
    if (is_mapped()) munmap(data_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  bool is_mapped() const { return data_ != MAP_FAILED; }
  absl::Span<const char> bytes() const { return {static_cast<const char*>(data_), size_}; }

 private:
  const size_t size_;
  void* const data_;
};

}  // namespace

bool IsElf(absl::Span<const char> bytes) {
  return bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0;
}

absl::StatusOr<ElfFile> ReadElf(absl::Span<const char> bytes) { return Reader(bytes).Read(); }

absl::StatusOr<std::optional<ElfFile>> ReadElfFile(const std::string& path) {
  absl::StatusOr<FileDescriptor> file = OpenForReading(path);
  if (!file.ok()) return file.status();
  struct stat info;
  if (fstat(file->get(), &info) != 0) return FileError("read", path, errno);
  if (info.st_size == 0) return std::nullopt;
  const Mapping mapping(*file, static_cast<size_t>(info.st_size));
  if (!mapping.is_mapped()) return FileError("read", path, errno);
  if (!IsElf(mapping.bytes())) return std::nullopt;
  absl::StatusOr<ElfFile> elf = ReadElf(mapping.bytes());
  if (!elf.ok()) {
    return absl::Status(elf.status().code(), Text(path, ": ", MessageOf(elf.status())));
  }
  return std::optional(*std::move(elf));
}

bool VersionLess(std::string_view a, std::string_view b) {
  const auto numbers = [](std::string_view version) {
    std::vector<int> parts;
    for (const absl::string_view part : absl::StrSplit(ToAbsl(version), '.', absl::SkipEmpty())) {
      int number = 0;
      // What is no number counts as none: versions come from files of others.
      parts.push_back(absl::SimpleAtoi(part, &number) ? number : 0);
    }
    return parts;
  };
  return numbers(a) < numbers(b);
}

}  // namespace chains::deploy
