// ModelFolder: a folder of a test's own, for a model's files.
//
//   ModelFolder folder;
//   folder.Write("config.json", "{…");
//   ModelFiles::Open(folder.path());
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>

namespace poems::phi {

class ModelFolder {
 public:
  ModelFolder() {
    std::string name = ::testing::TempDir() + "/phi_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~ModelFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ModelFolder(const ModelFolder&) = delete;
  ModelFolder& operator=(const ModelFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  void Write(std::string_view name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary | std::ios::trunc) << bytes;
  }
  std::string Read(std::string_view name) const {
    std::ostringstream bytes;
    bytes << std::ifstream(path_ / name, std::ios::binary).rdbuf();
    return bytes.str();
  }
  // The first `from` in the file becomes `to`.
  void Edit(std::string_view name, std::string_view from, std::string_view to) const {
    std::string bytes = Read(name);
    const size_t at = bytes.find(from);
    ASSERT_NE(at, bytes.npos) << from << " is not in " << name;
    Write(name, bytes.replace(at, from.size(), to));
  }

 private:
  std::filesystem::path path_;
};

}  // namespace poems::phi
