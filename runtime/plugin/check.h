// The rules of a contract: what a .proto file may hold so that its code compiles, JSON can carry
// its messages, and two methods never answer to one name. tests/plugin/contracts has a file for
// each.
#pragma once

#include <string>
#include <vector>

#include "plugin/names.h"

namespace chains::plugin {

struct Problem {
  std::string file;
  Position position;
  std::string text;  // what is wrong; what to do
};

// All problems of a file, in the order of its lines.
std::vector<Problem> Check(const FileDescriptor& file);

// As compilers write them: a headline, then a line for each problem.
std::string Report(const std::vector<Problem>& problems);

// Collects the problems of one file.
class Problems {
 public:
  explicit Problems(const FileDescriptor& file) : file_(file) {}

  void Add(Position position, std::string text) {
    list_.push_back({file_.name(), position, std::move(text)});
  }
  template <typename D>
  void Add(const D& declaration, std::string text) {
    Add(PositionOf(declaration), std::move(text));
  }
  std::vector<Problem> TakeSorted();

 private:
  const FileDescriptor& file_;
  std::vector<Problem> list_;
};

// The rules on names (check_names.cc).
void CheckNames(const FileDescriptor& file, Problems& problems);

}  // namespace chains::plugin
