// SettingsFields: takes the fields of a JSON object one by one, strictly: a field of another type,
// or one that nobody took, is an error that names it.
//
//   SettingsFields fields(json, "gpus.H100", problem);
//   fields.Take("resource", nodes.resource);
//   fields.Take("nodeSelector", nodes.node_selector);
//   fields.NoOthers();                                  // "gpus.H100.resorce: unknown; …"
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "deploy/apiserver/object.h"

namespace chains::deploy {

// What is missing stays as it is. The first problem is kept, in `problem`. Both outlive it.
class SettingsFields {
 public:
  // `path` of the object: "images"; empty for the whole.
  SettingsFields(const Json& object, std::string path, absl::Status& problem);

  void Take(std::string_view name, std::string& value);
  void Take(std::string_view name, std::vector<std::string>& value);
  void Take(std::string_view name, std::map<std::string, std::string>& value);
  void TakeObjects(std::string_view name, Json& value);         // a list of objects, as they are
  void TakeSize(std::string_view name, int64_t& value);         // "8Gi"; more than 0
  void TakeTime(std::string_view name, absl::Duration& value);  // "35s"; 0 to 1 h, whole seconds
  void TakeBool(std::string_view name, bool& value);
  void TakePercent(std::string_view name, int& value);  // 1 to 100
  void TakeWord(std::string_view name, const std::vector<std::string>& words, std::string& value);
  // An object in it; null: there is none.
  const Json* TakeObject(std::string_view name);
  // All that was not taken is a problem.
  void NoOthers();

  void Fail(std::string_view name, const std::string& why);

 private:
  const Json* Find(std::string_view name);
  std::string PathOf(std::string_view name) const;

  const Json& object_;
  const std::string path_;
  absl::Status& problem_;
  std::vector<std::string> known_;
};

}  // namespace chains::deploy
