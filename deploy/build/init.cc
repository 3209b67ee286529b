#include "deploy/build/init.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "chains/core/text.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

// Targets that every build has, namespaces of others, and the words of C++ that a name could be.
constexpr std::string_view kTaken[] = {
    "all",       "absl",          "auto",     "bool",     "case",       "catch",
    "chains",    "char",          "class",    "clean",    "const",      "default",
    "delete",    "depend",        "do",       "double",   "edit_cache", "else",
    "enum",      "export",        "extern",   "false",    "float",      "for",
    "friend",    "google",        "goto",     "grpc",     "help",       "if",
    "inline",    "install",       "int",      "long",     "main",       "mimalloc",
    "namespace", "new",           "operator", "package",  "private",    "protected",
    "public",    "rebuild_cache", "register", "requires", "return",     "short",
    "signed",    "sizeof",        "static",   "std",      "struct",     "switch",
    "template",  "test",          "testing",  "this",     "throw",      "true",
    "try",       "typedef",       "typename", "union",    "unsigned",   "using",
    "virtual",   "void",          "volatile", "while"};

std::string PackageOf(std::string_view name) {
  std::string package(name);
  std::replace(package.begin(), package.end(), '-', '_');
  return package;
}

absl::Status Write(const Files& files, const std::string& path, std::string_view text) {
  absl::StatusOr<FileDescriptor> file = files.Create(path);
  if (!file.ok()) return file.status();
  absl::Status status = files.Write(*file, text);
  return status.ok() ? files.SetMode(path, 0644) : status;
}

absl::Status CheckEmpty(const std::string& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) return absl::OkStatus();
  if (!fs::is_directory(folder, error)) {
    return absl::FailedPreconditionError(Text(folder, " is a file; name a new folder"));
  }
  const fs::directory_iterator first(folder, error);
  if (error) return FileError("read the folder", folder, error.value());
  if (first == fs::directory_iterator()) return absl::OkStatus();
  return absl::FailedPreconditionError(Text("the folder ", folder, " is not empty (it has ",
                                            first->path().filename().string(),
                                            "); name a new one"));
}

}  // namespace

absl::Status CheckNewName(std::string_view name) {
  const std::string why = Text("a chain cannot be named '", name, "': ");
  if (name.empty() || name.size() > 40) {
    return absl::InvalidArgumentError(Text(why, "a name has 1 to 40 characters"));
  }
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
  if (!is_plain || !absl::ascii_islower(static_cast<unsigned char>(name[0])) ||
      name.find("__") != name.npos) {
    return absl::InvalidArgumentError(
        Text(why,
             "it begins with a small letter and has small letters, digits, '-' and '_'; "
             "choose one with --name"));
  }
  if (std::find(std::begin(kTaken), std::end(kTaken), PackageOf(name)) != std::end(kTaken)) {
    return absl::InvalidArgumentError(
        Text(why, "C++ or CMake use this word; choose another with --name"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> InitChain(const std::string& folder, std::string name) {
  std::error_code error;
  if (name.empty()) {
    const fs::path whole = fs::absolute(folder, error).lexically_normal();
    name = whole.has_filename() ? whole.filename() : whole.parent_path().filename();
  }
  absl::Status status = CheckNewName(name);
  if (status.ok()) status = CheckEmpty(folder);
  const Files files;
  if (status.ok()) status = files.MakeFolders(folder);
  if (!status.ok()) return status;

  const std::string package = PackageOf(name);
  const std::vector<std::pair<absl::string_view, absl::string_view>> words = {
      {"{{name}}", name}, {"{{package}}", package}};
  std::vector<std::string> written;
  for (const Template& file : Templates()) {
    const std::string path = absl::StrReplaceAll(ToAbsl(file.path), words);
    status = Write(files, Text(folder, "/", path), absl::StrReplaceAll(ToAbsl(file.text), words));
    if (!status.ok()) return status;
    written.push_back(path);
  }
  return written;
}

}  // namespace chains::deploy
