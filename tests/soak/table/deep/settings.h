// How a row of the soak table wants the chain: NAME=VALUE lines in the file soak.settings of
// $TMPDIR, which a platform hands on to its replicas as well.
#pragma once

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

namespace deep {

class Settings {
 public:
  Settings() {
    const char* folder = std::getenv("TMPDIR");
    std::ifstream file(std::string(folder == nullptr ? "/nowhere" : folder) + "/soak.settings");
    for (std::string line; std::getline(file, line);) {
      const size_t equals = line.find('=');
      if (equals != std::string::npos) values_[line.substr(0, equals)] = line.substr(equals + 1);
    }
  }
  std::string Text(const std::string& name) const {
    auto found = values_.find(name);
    return found == values_.end() ? "" : found->second;
  }
  int Number(const std::string& name, int otherwise) const {
    const std::string text = Text(name);
    return text.empty() ? otherwise : std::atoi(text.c_str());
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace deep
