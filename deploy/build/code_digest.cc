#include "deploy/build/code_digest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/bundle/child.h"

namespace chains::deploy {
namespace {

constexpr size_t kFilesAtATime = 200;  // of one call of nm: command lines are bounded

bool IsIdentifier(std::string_view name) {
  return !name.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
         });
}

absl::StatusOr<std::map<std::string, Symbols>> SymbolsOf(const std::vector<std::string>& objects,
                                                         const std::stop_token& stop) {
  std::map<std::string, Symbols> all;
  for (size_t i = 0; i < objects.size(); i += kFilesAtATime) {
    const std::vector<std::string> some(
        objects.begin() + static_cast<ptrdiff_t>(i),
        objects.begin() + static_cast<ptrdiff_t>(std::min(i + kFilesAtATime, objects.size())));
    ChildOptions options{.arguments = {"nm", "--format=posix", "--no-demangle"},
                         .environment = {"LC_ALL=C"},
                         .timeout = absl::Seconds(60),
                         .stop = stop};
    options.arguments.insert(options.arguments.end(), some.begin(), some.end());
    absl::StatusOr<ChildResult> child = RunChild(options);
    if (absl::IsNotFound(child.status())) {
      return absl::NotFoundError("nm is not installed: apt-get install binutils");
    }
    if (!child.ok()) return child.status();
    if (!child->ok()) {
      return absl::FailedPreconditionError(
          Text("nm ", child->HowItEnded(), ":\n", LastLines(child->errors, 5)));
    }
    all.merge(SymbolsInNm(child->output, some.size() == 1 ? some[0] : ""));
  }
  // An object without symbols has no line.
  for (const std::string& object : objects) all[object];
  return all;
}

class Definitions {
 public:
  explicit Definitions(const std::map<std::string, Symbols>& objects) {
    for (const auto& [path, symbols] : objects) {
      for (const std::string& symbol : symbols.defined) {
        (symbols.weak.count(symbol) != 0 ? weak_ : strong_)[symbol].push_back(&path);
      }
    }
  }

  // Who defines it: one that does so alone where there is one, else all that do.
  const std::vector<const std::string*>& Of(const std::string& symbol) const {
    static const std::vector<const std::string*> kNone;
    for (const auto* definitions : {&strong_, &weak_}) {
      const auto found = definitions->find(symbol);
      if (found != definitions->end()) return found->second;
    }
    return kNone;
  }

 private:
  std::map<std::string, std::vector<const std::string*>> strong_;
  std::map<std::string, std::vector<const std::string*>> weak_;
};

class CodeHasher {
 public:
  explicit CodeHasher(DigestCache& digests) : digests_(digests) {}

  // By content: where a build folder is makes no difference.
  absl::Status Add(const std::string& path) {
    absl::StatusOr<std::string> sha256 = digests_.Of(path);
    if (sha256.ok()) parts_.insert(*std::move(sha256));
    return sha256.status();
  }

  template <typename Paths>
  absl::Status AddAll(const Paths& paths) {
    for (const std::string& path : paths) {
      if (absl::Status status = Add(path); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  std::string Finish() const {
    Hasher hasher;
    for (const std::string& part : parts_) hasher.Update(part);
    return hasher.Finish();
  }

 private:
  DigestCache& digests_;
  std::multiset<std::string> parts_;
};

}  // namespace

std::map<std::string, Symbols> SymbolsInNm(std::string_view output, const std::string& only_file) {
  std::map<std::string, Symbols> objects;
  Symbols* symbols = only_file.empty() ? nullptr : &objects[only_file];
  for (const absl::string_view line : absl::StrSplit(ToAbsl(output), '\n')) {
    // "NAME TYPE VALUE SIZE", or "PATH:" before those of a file.
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    const bool is_symbol = words.size() >= 2 && words[1].size() == 1;
    if (!is_symbol) {
      if (!line.empty() && line.back() == ':') {
        symbols = &objects[std::string(line.substr(0, line.size() - 1))];
      }
      continue;
    }
    if (symbols == nullptr) continue;
    const std::string name(words[0]);
    const char type = words[1][0];
    if (type == 'U' || type == 'w' || type == 'v') {
      symbols->undefined.insert(name);
    } else if (absl::ascii_isupper(static_cast<unsigned char>(type)) || type == 'u') {
      symbols->defined.insert(name);
      if (type == 'W' || type == 'V' || type == 'u') symbols->weak.insert(name);
    } else if (name.starts_with("_ZTV")) {
      symbols->defined.insert(name);  // of a class in an unnamed namespace
    }
  }
  return objects;
}

std::string VirtualTableOf(std::string_view class_name) {
  const std::vector<std::string> names = absl::StrSplit(ToAbsl(class_name), "::");
  std::string mangled;
  for (const std::string& name : names) {
    if (name == "(anonymous namespace)") {
      mangled += "12_GLOBAL__N_1";
    } else if (IsIdentifier(name)) {
      mangled += Text(name.size(), name);
    } else {
      return "";
    }
  }
  return names.size() == 1 ? Text("_ZTV", mangled) : Text("_ZTVN", mangled, "E");
}

std::set<std::string> ObjectsOf(const std::string& virtual_table,
                                const std::map<std::string, Symbols>& objects) {
  const Definitions definitions(objects);
  std::set<std::string> reached;
  std::vector<const std::string*> to_visit =
      virtual_table.empty() ? std::vector<const std::string*>() : definitions.Of(virtual_table);
  if (to_visit.empty()) {
    for (const auto& [path, symbols] : objects) reached.insert(path);
    return reached;
  }
  while (!to_visit.empty()) {
    const std::string& path = *to_visit.back();
    to_visit.pop_back();
    if (!reached.insert(path).second) continue;
    for (const std::string& symbol : objects.at(path).undefined) {
      for (const std::string* definer : definitions.Of(symbol)) to_visit.push_back(definer);
    }
  }
  return reached;
}

absl::StatusOr<std::vector<v1::ChainletCode>> CodeDigests(const Marker& marker,
                                                          const v1::Manifest& manifest,
                                                          DigestCache& digests,
                                                          std::stop_token stop) {
  std::vector<std::string> objects = marker.objects;
  objects.insert(objects.end(), marker.main_objects.begin(), marker.main_objects.end());
  const absl::StatusOr<std::map<std::string, Symbols>> symbols = SymbolsOf(objects, stop);
  if (!symbols.ok()) return symbols.status();

  std::vector<v1::ChainletCode> all;
  for (const v1::Chainlet& chainlet : manifest.chainlets()) {
    std::set<std::string> needed;
    if (!chainlet.implementation().empty()) {
      needed = ObjectsOf(VirtualTableOf(chainlet.implementation()), *symbols);
    }
    needed.insert(marker.main_objects.begin(), marker.main_objects.end());
    CodeHasher hasher(digests);
    absl::Status status = hasher.AddAll(needed);
    if (status.ok()) status = hasher.AddAll(marker.libraries);
    if (!status.ok()) return status;
    v1::ChainletCode& code = all.emplace_back();
    code.set_chainlet(chainlet.name());
    code.set_sha256(hasher.Finish());
  }
  return all;
}

}  // namespace chains::deploy
