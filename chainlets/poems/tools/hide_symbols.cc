// phi_hide_symbols: copies a shared library, with all symbols hidden but those of its own
// interface.
//
//   phi_hide_symbols libsentencepiece.so.0 OUT libphi-sentpiece.so.0 13sentencepiece
//
// Debian's libsentencepiece holds an old copy of protobuf and exports all of it. In one process
// with libprotobuf.so, whichever was loaded first would serve both, and they differ in layout.
// Hidden symbols are those that the dynamic linker neither finds for others nor looks up elsewhere,
// as if the library had been linked with a version script. Its soname is changed too (to one of the
// same length), so that the original is never loaded in its place. The last argument is the C++
// namespace that stays visible, as in mangled names.
#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

// The file, with checked access to what lies in it.
class Library {
 public:
  explicit Library(std::vector<char> bytes) : bytes_(std::move(bytes)) {}

  const std::vector<char>& bytes() const { return bytes_; }
  bool IsElf() const {
    return bytes_.size() > sizeof(Elf64_Ehdr) && std::memcmp(bytes_.data(), ELFMAG, SELFMAG) == 0 &&
           bytes_[EI_CLASS] == ELFCLASS64 && bytes_[EI_DATA] == ELFDATA2LSB;
  }
  std::span<Elf64_Shdr> Sections() {
    const auto header = *At<Elf64_Ehdr>(0, 1).data();
    return At<Elf64_Shdr>(header.e_shoff, header.e_shnum);
  }
  Elf64_Shdr* Section(uint32_t type) {
    const auto sections = Sections();
    const auto found = std::ranges::find(sections, type, &Elf64_Shdr::sh_type);
    return found == sections.end() ? nullptr : &*found;
  }
  template <typename Entry>
  std::span<Entry> Entries(const Elf64_Shdr& section) {
    return At<Entry>(section.sh_offset, section.sh_size / sizeof(Entry));
  }
  // The strings that the entries of `section` name.
  std::span<char> Strings(const Elf64_Shdr& section) {
    const auto sections = Sections();
    if (section.sh_link >= sections.size()) return {};
    return Entries<char>(sections[section.sh_link]);
  }

 private:
  template <typename Entry>
  std::span<Entry> At(uint64_t offset, uint64_t count) {
    if (offset > bytes_.size() || count > (bytes_.size() - offset) / sizeof(Entry)) return {};
    return {reinterpret_cast<Entry*>(bytes_.data() + offset), count};
  }

  std::vector<char> bytes_;
};

std::string_view StringAt(std::span<const char> strings, uint64_t at) {
  if (at >= strings.size()) return {};
  const auto rest = strings.subspan(at);
  return {rest.data(), static_cast<size_t>(std::ranges::find(rest, '\0') - rest.begin())};
}

// A function or object of the namespace itself, not one that has it for an argument.
bool IsOf(std::string_view name, std::string_view name_space) {
  for (const std::string_view prefix : {"_ZN", "_ZNK", "_ZTVN", "_ZTIN", "_ZTSN"})
    if (name.starts_with(prefix) && name.substr(prefix.size()).starts_with(name_space)) return true;
  return false;
}

// How many were hidden.
size_t Hide(Library& library, std::string_view name_space) {
  Elf64_Shdr* symbols = library.Section(SHT_DYNSYM);
  if (symbols == nullptr) return 0;
  const auto names = library.Strings(*symbols);
  size_t hidden = 0;
  for (Elf64_Sym& symbol : library.Entries<Elf64_Sym>(*symbols)) {
    const bool defined = symbol.st_shndx != SHN_UNDEF && symbol.st_name != 0;
    if (!defined || IsOf(StringAt(names, symbol.st_name), name_space)) continue;
    symbol.st_other = static_cast<unsigned char>((symbol.st_other & ~3U) | STV_HIDDEN);
    ++hidden;
  }
  return hidden;
}

bool Rename(Library& library, std::string_view soname) {
  Elf64_Shdr* dynamic = library.Section(SHT_DYNAMIC);
  if (dynamic == nullptr) return false;
  const auto strings = library.Strings(*dynamic);
  for (const Elf64_Dyn& entry : library.Entries<Elf64_Dyn>(*dynamic)) {
    if (entry.d_tag != DT_SONAME) continue;
    if (StringAt(strings, entry.d_un.d_val).size() != soname.size()) return false;
    std::ranges::copy(soname, strings.begin() + static_cast<ptrdiff_t>(entry.d_un.d_val));
    return true;
  }
  return false;
}

int Fail(std::string_view problem) {
  std::cerr << "phi_hide_symbols: " << problem << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return Fail("usage: phi_hide_symbols LIBRARY OUT SONAME NAMESPACE");
  std::ifstream in(argv[1], std::ios::binary);
  Library library({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
  if (!in || !library.IsElf()) return Fail(std::string(argv[1]) + " is no 64-bit library");
  if (Hide(library, argv[4]) == 0) return Fail(std::string(argv[1]) + " has no symbols to hide");
  if (!Rename(library, argv[3])) return Fail("the new soname must be as long as the old one");
  std::ofstream out(argv[2], std::ios::binary | std::ios::trunc);
  out.write(library.bytes().data(), static_cast<std::streamsize>(library.bytes().size()));
  out.close();
  return out ? 0 : Fail(std::string("cannot write ") + argv[2]);
}
