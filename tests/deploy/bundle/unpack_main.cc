// unpack PROGRAM FOLDER: makes a bundle of a chain's program and puts its files into FOLDER, as a
// platform does before it starts a replica.
#include <cstdio>
#include <filesystem>
#include <string>

#include "deploy/bundle/blob_store.h"
#include "deploy/bundle/collect.h"

namespace chains::deploy {
namespace {

absl::Status Unpack(const std::string& program, const std::string& folder) {
  absl::StatusOr<CollectedBundle> made =
      CollectBundle({.program = program, .folder = std::filesystem::path(program).parent_path()});
  if (!made.ok()) return made.status();
  const std::string parent = std::filesystem::absolute(folder).parent_path();
  absl::StatusOr<std::unique_ptr<BlobStore>> store = BlobStore::Open(parent + "/store");
  if (!store.ok()) return store.status();
  for (const auto& [path, source] : made->sources) {
    absl::StatusOr<std::string> sha256 = (*store)->PutFile(source);
    if (!sha256.ok()) return sha256.status();
  }
  absl::StatusOr<std::string> digest = (*store)->PutBundle(made->bundle);
  if (!digest.ok()) return digest.status();
  std::printf("%s %s: %d files, glibc %s %s\n", made->bundle.manifest().chain().c_str(),
              digest->substr(0, 12).c_str(), made->bundle.files_size(),
              made->bundle.machine().glibc().c_str(), made->bundle.machine().cpu_level().c_str());
  return (*store)->Assemble(made->bundle, folder);
}

}  // namespace
}  // namespace chains::deploy

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("unpack PROGRAM FOLDER\n", stderr);
    return 2;
  }
  const absl::Status status = chains::deploy::Unpack(argv[1], argv[2]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return 1;
}
