// TempFolder: an empty folder that is removed with everything in it.
//
//   TempFolder folder;
//   Open(folder / "platform.db");
//
// What syncs much, and is not about disks, is quicker in memory: TempFolder folder(InMemory());
#pragma once

#include <filesystem>
#include <stdlib.h>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace chains::deploy {

// A folder of memory, where the machine has one.
inline std::string InMemory() {
  return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ::testing::TempDir();
}

class TempFolder {
 public:
  explicit TempFolder(const std::string& in = ::testing::TempDir()) {
    std::string name = in + "/chains_XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace chains::deploy
