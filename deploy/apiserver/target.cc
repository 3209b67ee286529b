#include "deploy/apiserver/target.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "chains/core/text.h"

namespace chains::deploy {

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~') {
      escaped += c;
    } else {
      escaped += Text("%", absl::AsciiStrToUpper(absl::StrCat(absl::Hex(byte, absl::kZeroPad2))));
    }
  }
  return escaped;
}

// As Kubernetes guesses it itself (apimachinery, meta.UnsafeGuessKindToResource).
std::string PluralOf(std::string_view kind) {
  std::string name = absl::AsciiStrToLower(ToAbsl(kind));
  if (absl::EndsWith(name, "endpoints")) return name;
  if (absl::EndsWith(name, "s")) return name + "es";
  if (absl::EndsWith(name, "y")) return name.substr(0, name.size() - 1) + "ies";
  return name + "s";
}

Target::Target(const ObjectKind& kind, std::string_view in_namespace, std::string_view name) {
  const bool core = kind.api_version.find('/') == kind.api_version.npos;
  text_ = Text(core ? "/api/" : "/apis/", kind.api_version);
  if (!in_namespace.empty()) {
    Enter("namespaces");
    Enter(in_namespace);
  }
  Enter(kind.plural);
  if (!name.empty()) Enter(name);
}

void Target::Enter(std::string_view segment) { text_ += Text("/", Escape(segment)); }

void Target::Add(std::string_view key, std::string_view value) {
  if (value.empty()) return;
  text_ += Text(has_query_ ? "&" : "?", Escape(key), "=", Escape(value));
  has_query_ = true;
}

}  // namespace chains::deploy
