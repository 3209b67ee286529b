#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "chains/core/text.h"
#include "deploy/apiserver/object.h"
#include "deploy/apiserver/yaml_text.h"

namespace chains::deploy {
namespace {

// Keys that people write first, in this order; "status" comes last.
constexpr std::array<std::string_view, 12> kFirst = {
    "apiVersion", "kind",        "metadata", "name",  "namespace", "generateName",
    "labels",     "annotations", "spec",     "image", "command",   "args"};
constexpr size_t kMaxKey = 1000;  // a longer one must be marked with "?"

size_t RankOf(const std::string& key) {
  if (key == "status") return kFirst.size() + 1;
  return static_cast<size_t>(std::find(kFirst.begin(), kFirst.end(), key) - kFirst.begin());
}

using Member = Json::const_iterator;

std::vector<Member> InOrder(const Json& object) {
  std::vector<Member> members;
  for (Member member = object.begin(); member != object.end(); ++member) members.push_back(member);
  std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
    return RankOf(a.key()) < RankOf(b.key());
  });
  return members;
}

bool IsBlock(const Json& value) { return value.is_structured() && !value.empty(); }

class Writer {
 public:
  std::string Take() && { return std::move(out_); }

  // The cursor is where the value begins, behind `indent` columns.
  void Block(const Json& value, size_t indent) {
    if (!IsBlock(value)) {
      Scalar(value, indent);
    } else if (value.is_object()) {
      Map(value, indent);
    } else {
      List(value, indent);
    }
  }

 private:
  void Map(const Json& object, size_t indent) {
    bool first = true;
    for (const Member& member : InOrder(object)) {
      if (!first) out_.append(indent, ' ');
      first = false;
      Key(member.key(), indent);
      Value(*member, indent);
    }
  }

  void Key(const std::string& key, size_t indent) {
    const std::string written = YamlScalar(key);
    if (written.size() <= kMaxKey) {
      out_ += written;
    } else {
      out_ += Text("? ", written, "\n", std::string(indent, ' '));
    }
    out_ += ':';
  }

  // What stands behind a key.
  void Value(const Json& value, size_t indent) {
    if (!IsBlock(value)) {
      out_ += ' ';
      Scalar(value, indent);
      return;
    }
    // Lists stand below their key without more indentation, as kubectl prints them.
    const size_t deeper = value.is_object() ? indent + 2 : indent;
    out_ += '\n';
    out_.append(deeper, ' ');
    Block(value, deeper);
  }

  void List(const Json& list, size_t indent) {
    bool first = true;
    for (const Json& item : list) {
      if (!first) out_.append(indent, ' ');
      first = false;
      out_ += "- ";
      Block(item, indent + 2);
    }
  }

  void Scalar(const Json& value, size_t indent) {
    const auto* text = value.get_ptr<const std::string*>();
    if (text == nullptr) {
      out_ += ToText(value) + "\n";
    } else if (FitsYamlBlock(*text)) {
      Literal(*text, indent + 2);
    } else {
      out_ += YamlScalar(*text) + "\n";
    }
  }

  void Literal(std::string_view text, size_t indent) {
    out_ += '|';
    if (text.back() != '\n') {
      out_ += '-';
    } else if (text[text.size() - 2] == '\n') {
      out_ += '+';
    }
    out_ += '\n';
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      if (end > 0) out_.append(indent, ' ').append(text.substr(0, end));
      out_ += '\n';
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  std::string out_;
};

std::string Document(const Json& value) {
  Writer writer;
  writer.Block(value, 0);
  return std::move(writer).Take();
}

}  // namespace

std::string ToYaml(const Json& object) {
  if (!object.is_array()) return Document(object);
  std::string documents;
  for (const Json& document : object) {
    if (!documents.empty()) documents += "---\n";
    documents += Document(document);
  }
  return documents;
}

}  // namespace chains::deploy
