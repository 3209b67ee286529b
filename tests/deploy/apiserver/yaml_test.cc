#include <string>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "deploy/apiserver/object.h"

namespace chains::deploy {
namespace {

// What a reader of YAML makes of a value: strings by their quotes or the rules of YAML's core
// schema and of YAML 1.1.
Json Read(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& member : node) object[member.first.Scalar()] = Read(member.second);
    return object;
  }
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& item : node) list.push_back(Read(item));
    return list;
  }
  if (node.IsNull()) return Json();
  if (node.Tag() == "!") return node.Scalar();  // it was quoted, or a block
  if (bool truth = false; YAML::convert<bool>::decode(node, truth)) return truth;
  if (int64_t number = 0; YAML::convert<int64_t>::decode(node, number)) return number;
  if (double number = 0; YAML::convert<double>::decode(node, number)) return number;
  return node.Scalar();
}

void ExpectRoundTrip(const Json& object) {
  const std::string yaml = ToYaml(object);
  EXPECT_EQ(Read(YAML::Load(yaml)), object) << yaml;
}

TEST(ToYaml, IsWrittenAsPeopleDo) {
  const Json object = Json::parse(R"({
      "spec": {"template": {"spec": {"containers": [
          {"args": ["--port", "8080"], "image": "registry.local/x:1", "name": "main",
           "env": [{"name": "ON", "value": "true"}], "resources": {}}], "volumes": []}},
        "replicas": 2},
      "status": {"ready": true},
      "metadata": {"labels": {"a/b": "c"}, "name": "hello", "namespace": "chains"},
      "kind": "Deployment", "apiVersion": "apps/v1"})");
  EXPECT_EQ(ToYaml(object), R"(apiVersion: apps/v1
kind: Deployment
metadata:
  name: hello
  namespace: chains
  labels:
    a/b: c
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: main
        image: registry.local/x:1
        args:
        - --port
        - "8080"
        env:
        - name: "ON"
          value: "true"
        resources: {}
      volumes: []
status:
  ready: true
)");
}

TEST(ToYaml, QuotesWhatWouldBeReadAsSomethingElse) {
  for (const std::string text :
       {"",       "1",      "-1",    "+1",        "1.5",        ".5",
        "1e3",    "0x1F",   "0o17",  "1_000",     "true",       "False",
        "yes",    "No",     "on",    "OFF",       "y",          "N",
        "null",   "Null",   "~",     ".inf",      "-.Inf",      ".NaN",
        "<<",     "=",      "12:30", "190:20:30", "2024-01-01", "2024-01-01T10:00:00Z",
        "- a",    "-",      "a: b",  "a:",        "a #b",       "#a",
        "&a",     "*a",     "!a",    "|",         ">",          "'a'",
        "\"a\"",  "%a",     "@a",    "`a",        "{a}",        "[a]",
        "?",      "? a",    ":",     ",",         " a",         "a ",
        "---",    "...",    "a\tb",  "\t",        "a\\b",       "\x01",
        "\x7f",   "ü",      "日本",  "😀",         "\u0085",     "\u00a0",
        "\u2028", "\ufeff", "a\rb",  "a\"b",      "--- a"}) {
    const std::string yaml = ToYaml(Json{{"key", text}, {text, "value"}});
    const YAML::Node node = YAML::Load(yaml);
    EXPECT_EQ(node["key"].Scalar(), text) << yaml;
    EXPECT_EQ(Read(node), (Json{{"key", text}, {text, "value"}})) << yaml;
  }
}

TEST(ToYaml, LeavesPlainWhatIsPlain) {
  for (const std::string text : {"hello", "100m", "1Gi", "nvidia.com/gpu", "a:b", "a#b", "--flag",
                                 "registry:5000/x@sha256:abc", "/run/x", "v1", "it's"}) {
    EXPECT_EQ(ToYaml(Json{{"k", text}}), "k: " + text + "\n");
    ExpectRoundTrip(Json{{"k", text}, {"l", {text, {text}}}});
  }
}

TEST(ToYaml, WritesTextsOfSeveralLinesAsBlocks) {
  EXPECT_EQ(ToYaml(Json{{"k", "a\nb: c\n"}}), "k: |\n  a\n  b: c\n");
  EXPECT_EQ(ToYaml(Json{{"k", "a\n\n  b"}}), "k: |-\n  a\n\n    b\n");
  for (const std::string text :
       {"a\n",    "a\nb",    "a\n\n",    "a\n\n\n",  "\na",      "\n",          "\n\n",
        " a\nb",  "a \nb",   "a\n b\n",  "a\n\n\nb", "a\n# b\n", "a\n---\nb\n", "a\r\nb",
        "a\n\tb", "a\n \nb", "a\n\t\nb", "a\nb ",    "é\nü\n",   "a\n\x01"}) {
    ExpectRoundTrip(Json{{"k", text}, {"z", 1}});
    ExpectRoundTrip(Json{{"list", {text, {{"in", text}}, {text}}}, {"z", 1}});
  }
}

TEST(ToYaml, KeepsStructureTypesAndEmptiness) {
  ExpectRoundTrip(Json::parse(R"({
      "a": [], "b": {}, "c": null, "d": "", "e": [[]], "f": [{}], "g": [[1, [2, 3]], [{"x": [4]}]],
      "h": [{"x": 1, "y": {"z": [1, {"w": 2}]}}, null, true, -7, 1.5],
      "i": {"on": 1, "1": 2, "": 3, "x y": 4, "- a": 5}})"));
  ExpectRoundTrip(Json{{std::string(2000, 'k'), Json{{"a", 1}}}, {std::string(3000, 'l'), "b"}});
}

TEST(ToYaml, WritesAnArrayAsDocuments) {
  const Json one = {{"a", 1}};
  const Json two = {{"b", "x"}};
  EXPECT_EQ(ToYaml(Json::array({one, two})), "a: 1\n---\nb: x\n");
  EXPECT_EQ(ToYaml(Json::array()), "");
}

}  // namespace
}  // namespace chains::deploy
