#include <algorithm>
#include <map>
#include <tuple>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chains/chain/check.h"
#include "chains/chain/manifest.h"
#include "chains/chain/problem.h"
#include "chains/chain/spec.h"
#include "chains/core/text.h"

namespace chains::internal {
namespace {

std::string NameAndPlace(const ChainletSpec& chainlet) {
  return Text(chainlet.name(), " (", PlaceText(chainlet.where), ")");
}

void CheckChain(const ChainSpec& chain, Problems& problems) {
  const bool is_word = absl::c_all_of(
      chain.name, [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-'; });
  if (chain.name.empty() || !is_word) {
    problems.Add("chain", Text("its name is \"", chain.name,
                               "\"; use letters, digits, '-' and '_', and at least one"));
  }
  if (chain.chainlets.empty()) {
    problems.Add("chain", "it has no chainlets; give it some with chain.Add<…>()");
  }
}

void CheckEntrypoint(const ChainSpec& chain, Problems& problems) {
  std::vector<const ChainletSpec*> found;
  for (const ChainletSpec& chainlet : chain.chainlets) {
    if (chainlet.entrypoint) found.push_back(&chainlet);
  }
  if (found.empty() && !chain.chainlets.empty()) {
    problems.Add("entrypoint",
                 "no chainlet is the entrypoint; write .Entrypoint() after the Add of the one that "
                 "the world calls");
  }
  if (found.size() < 2) return;
  problems.Add(found[1]->where, "entrypoint",
               Text(found.size(), " chainlets are entrypoints: ",
                    absl::StrJoin(found, ", ",
                                  [](std::string* out, const ChainletSpec* each) {
                                    absl::StrAppend(out, NameAndPlace(*each));
                                  }),
                    "; keep .Entrypoint() at one"));
}

std::string ImplementationText(const ChainletSpec& chainlet) {
  return Text(chainlet.implementation.empty() ? "declared only" : chainlet.implementation, " (",
              PlaceText(chainlet.where), ")");
}

// One chainlet for a contract, and no two shown as the same.
void CheckNames(const ChainSpec& chain, Problems& problems) {
  std::map<std::string, const ChainletSpec*> shown;
  for (const ChainletSpec& chainlet : chain.chainlets) {
    const ChainletSpec& first = *chain.Find(chainlet.name());
    if (&first != &chainlet) {
      problems.Add(
          chainlet, "implementation",
          Text("a chain has one chainlet for a contract, and this has another already: ",
               ImplementationText(first), " and ", ImplementationText(chainlet), "; remove one"));
      continue;
    }
    const std::string name = DisplayNameOf(chainlet);
    const auto [other, is_new] = shown.emplace(name, &chainlet);
    if (is_new) continue;
    problems.Add(chainlet, "display_name",
                 Text("\"", name, "\" is also what ", NameAndPlace(*other->second),
                      " is shown as; give one of them another in Settings"));
  }
}

bool IsCalled(const ChainletSpec& chainlet, const std::string& name) {
  const std::string full(chainlet.name());
  return full == name || absl::EndsWith(full, Text(".", name));
}

bool IsServed(const ChainletSpec& chainlet, const std::vector<std::string>& served) {
  return served.empty() ||
         absl::c_any_of(served, [&](const std::string& name) { return IsCalled(chainlet, name); });
}

std::string NamesOf(const ChainSpec& chain, bool (*is_wanted)(const ChainletSpec&)) {
  std::vector<std::string> names;
  for (const ChainletSpec& chainlet : chain.chainlets) {
    if (&chainlet != chain.Find(chainlet.name())) continue;  // a second one of a contract
    if (is_wanted(chainlet)) names.emplace_back(chainlet.name());
  }
  return absl::StrJoin(names, ",");
}

// Whether it runs elsewhere for all who need it, or they can do without it.
bool IsDispensable(const ChainSpec& chain, const ChainletSpec& chainlet) {
  bool needed = false;
  for (const ChainletSpec& caller : chain.chainlets) {
    for (const DependencySpec& dependency : caller.dependencies) {
      if (dependency.callee->info->name != chainlet.name()) continue;
      if (dependency.url.empty() && !dependency.soft) return false;
      needed = true;
    }
  }
  return needed && !chainlet.entrypoint;
}

void CheckServed(const ChainSpec& chain, const std::vector<std::string>& served,
                 Problems& problems) {
  for (const std::string& name : served) {
    const bool is_known = absl::c_any_of(
        chain.chainlets, [&](const ChainletSpec& chainlet) { return IsCalled(chainlet, name); });
    if (is_known) continue;
    problems.Add("serve", Text("it has no chainlet ", name, "; it has ",
                               NamesOf(chain, [](const ChainletSpec&) { return true; })));
  }
  const std::string built =
      NamesOf(chain, [](const ChainletSpec& chainlet) { return chainlet.build != nullptr; });
  for (const ChainletSpec& chainlet : chain.chainlets) {
    if (chainlet.build != nullptr || !IsServed(chainlet, served)) continue;
    if (served.empty() && IsDispensable(chain, chainlet)) continue;
    const std::string others =
        built.empty() ? "" : Text(", serve the others (--chainlets ", built, ")");
    problems.Add(chainlet, "implementation",
                 Text("it is declared without an implementation; Add a class that implements "
                      "it",
                      others, ", or give it a fake with chains::RunLocal"));
  }
}

void CheckAll(const ChainSpec& chain, Problems& problems) {
  CheckChain(chain, problems);
  CheckEntrypoint(chain, problems);
  CheckNames(chain, problems);
  CheckCycles(chain, problems);
  for (const ChainletSpec& chainlet : chain.chainlets) {
    CheckDependencies(chain, chainlet, problems);
    CheckChainlet(chainlet, problems);
  }
}

}  // namespace

void Problems::Add(const SourceLocation& where, const char* kind, std::string message) {
  list_.push_back(
      {std::string(where.file_name()), where.line, chain_.name, kind, std::move(message)});
}

void Problems::Add(const ChainletSpec& chainlet, const char* kind, std::string message) {
  list_.push_back({std::string(chainlet.where.file_name()), chainlet.where.line,
                   std::string(chainlet.name()), kind, std::move(message)});
}

std::vector<Problem> Problems::TakeSorted() {
  std::stable_sort(list_.begin(), list_.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line) < std::tie(b.file, b.line);
  });
  return std::move(list_);
}

std::vector<Problem> Validate(const ChainSpec& chain, const Given& given) {
  Problems problems(chain);
  CheckAll(chain, problems);
  for (const ChainletSpec& chainlet : chain.chainlets) {
    if (absl::c_linear_search(given.fakes, chainlet.name())) continue;
    CheckAssetFiles(chainlet, given, problems);
  }
  return problems.TakeSorted();
}

std::vector<Problem> ValidateServed(const ChainSpec& chain, const std::vector<std::string>& served,
                                    const Given& given) {
  Problems problems(chain);
  CheckAll(chain, problems);
  CheckServed(chain, served, problems);
  for (const ChainletSpec& chainlet : chain.chainlets) {
    if (IsServed(chainlet, served)) CheckAssetFiles(chainlet, given, problems);
  }
  return problems.TakeSorted();
}

std::string ProblemText(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    absl::StrAppend(&text, problem.file, ":", problem.line, ": ", problem.chainlet, ": ",
                    problem.kind, ": ", problem.message, "\n");
  }
  return text;
}

std::string PlaceText(const SourceLocation& where) {
  return Text(where.file_name(), ":", where.line);
}

}  // namespace chains::internal
