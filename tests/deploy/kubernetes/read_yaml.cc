#include "tests/deploy/kubernetes/read_yaml.h"

#include <cstdint>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace chains::deploy {
namespace {

// As YAML 1.2's core schema has it: only what is not in quotes may be anything but a string.
Json Scalar(const YAML::Node& node) {
  if (node.Tag() == "!") return node.Scalar();
  int64_t whole = 0;
  double number = 0;
  bool flag = false;
  const std::string& text = node.Scalar();
  const bool octal =
      text.size() > 1 && text[0] == '0' && text.find_first_not_of("01234567") == std::string::npos;
  if (octal) return static_cast<int64_t>(std::stol(text, nullptr, 8));
  if (YAML::convert<int64_t>::decode(node, whole)) return whole;
  if (YAML::convert<double>::decode(node, number)) return number;
  if (text == "true" || text == "false") return YAML::convert<bool>::decode(node, flag) && flag;
  return text;
}

Json ToJson(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map: {
      Json object = Json::object();
      for (const auto& entry : node) object[entry.first.Scalar()] = ToJson(entry.second);
      return object;
    }
    case YAML::NodeType::Sequence: {
      Json list = Json::array();
      for (const YAML::Node& item : node) list.push_back(ToJson(item));
      return list;
    }
    case YAML::NodeType::Scalar:
      return Scalar(node);
    default:
      return nullptr;
  }
}

}  // namespace

std::vector<Json> ReadYaml(const std::string& text) {
  std::vector<Json> objects;
  try {
    for (const YAML::Node& document : YAML::LoadAll(text)) {
      if (document.IsMap()) objects.push_back(ToJson(document));
    }
  } catch (const YAML::Exception& error) {
    ADD_FAILURE() << error.what();
  }
  return objects;
}

}  // namespace chains::deploy
