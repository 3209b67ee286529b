// TemporaryFolder: a folder of a test's own, gone with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>

#include <gtest/gtest.h>

namespace chains::deploy {

class TemporaryFolder {
 public:
  TemporaryFolder() : TemporaryFolder(::testing::TempDir()) {}
  explicit TemporaryFolder(const std::string& parent) : path_(parent + "/chains-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
    path_ = std::filesystem::canonical(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // Where syncing costs nothing, for tests that do so thousands of times. Programs may not run
  // there.
  static std::string InMemory() {
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ::testing::TempDir();
  }

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view below) const { return path_ + "/" + std::string(below); }

  // Makes the folders above it as well; says its path.
  std::string Write(std::string_view below, std::string_view text) const {
    const std::string path = *this / below;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::string WriteProgram(std::string_view below, std::string_view text) const {
    const std::string path = Write(below, text);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

 private:
  std::string path_;
};

inline std::string TextOfFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace chains::deploy
