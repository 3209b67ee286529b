// TempFolder: an empty folder, in memory where the machine has such, that is removed with all in
// it.
#pragma once

#include <filesystem>
#include <stdlib.h>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace chains::gateway {

class TempFolder {
 public:
  TempFolder() {
    std::string name = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ::testing::TempDir();
    name += "/chains_async_XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace chains::gateway
