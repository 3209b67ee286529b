// Descriptor: a file descriptor that closes itself.
//
//   Descriptor file(open(path, O_RDONLY | O_CLOEXEC));
//   if (!file.ok()) …   // errno says why
#pragma once

#include <unistd.h>
#include <utility>

namespace chains::deploy {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }

  bool ok() const { return number_ >= 0; }
  int operator*() const { return number_; }

 private:
  int number_;
};

}  // namespace chains::deploy
