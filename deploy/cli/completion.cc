#include "deploy/cli/completion.h"

#include <map>
#include <memory>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::deploy::cli {
namespace {

// What bash and zsh (by bashcompinit) share: a function that knows the tree as cases of strings.
constexpr const char* kHead = R"sh(# Completion of chains; written by `chains completion`.
_chains_names() {
  # $1: chain or id. Without a platform there is nothing to offer.
  chains list --output json 2>/dev/null |
    grep -o "\"$1\":\"[A-Za-z0-9_-]*\"" | sed 's/.*:"//; s/"$//' | sort -u
}
_chains_remotes() {
  sed -n 's/^    "\([A-Za-z0-9_.-]*\)": {.*/\1/p' "${CHAINS_HOME:-$HOME/.chains}/remotes.json" 2>/dev/null
}
_chains_offer() {
  # $1: what a value is; the rest are words.
  local kind=$1; shift
  case $kind in
    words) COMPREPLY=($(compgen -W "$*" -- "$cur")) ;;
    files) COMPREPLY=($(compgen -f -- "$cur")) ;;
    folders) COMPREPLY=($(compgen -d -- "$cur")) ;;
    chains) COMPREPLY=($(compgen -W "$(_chains_names chain)" -- "$cur")) ;;
    deployments) COMPREPLY=($(compgen -W "$(_chains_names id)" -- "$cur")) ;;
    remotes) COMPREPLY=($(compgen -W "$(_chains_remotes)" -- "$cur")) ;;
  esac
}
_chains() {
  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path=chains place=0 word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == -* ]]; then
      _chains_takes_value "$path" "$word" && ((i++))
    elif _chains_is_command "$path" "$word"; then
      path="$path $word"
    else
      ((place++))
    fi
  done
  _chains_value "$path" "$previous" && return
  if [[ $cur == -* ]]; then
    _chains_flags "$path"
  else
    _chains_place "$path" "$place"
  fi
}
)sh";

std::string_view KindOf(Completes completes) {
  switch (completes) {
    case Completes::kNothing:
      return "";
    case Completes::kFiles:
      return "files";
    case Completes::kFolders:
      return "folders";
    case Completes::kChains:
      return "chains";
    case Completes::kDeployments:
      return "deployments";
    case Completes::kRemotes:
      return "remotes";
  }
  return "";
}

std::vector<std::string> SpellingsOf(const Option& option) {
  return absl::StrSplit(option.name, ',');
}

// How `option`'s value is completed: arguments of _chains_offer; empty: it is not.
std::string Offer(const Option& option) {
  if (!option.more.choices.empty()) {
    return Text("words ", absl::StrJoin(option.more.choices, " "));
  }
  return std::string(KindOf(option.more.completes));
}

// Options that every command has; command_line.cc declares them.
std::vector<Option> SharedOptions() {
  static const std::unique_ptr<std::string> unused = std::make_unique<std::string>();
  static const std::unique_ptr<bool> unset = std::make_unique<bool>();
  return {{"--output", "", unused.get(), {.choices = {"text", "json"}}},
          {"--remote", "", unused.get(), {.completes = Completes::kRemotes}},
          {"--help,-h", "", unset.get()}};
}

// Bodies of the functions, a case of a `case "$1 …"` each.
struct Cases {
  std::string is_command;
  std::string takes_value;
  std::string value;
  std::string flags;
  std::string place;
};

void AddOption(const std::string& path, const Option& option, Cases& cases) {
  if (std::holds_alternative<bool*>(option.to)) return;
  const std::string offer = Offer(option);
  for (const std::string& spelling : SpellingsOf(option)) {
    const std::string key = Text("    \"", path, " ", spelling, "\")");
    cases.takes_value += Text(key, " return 0 ;;\n");
    cases.value +=
        Text(key, " ", offer.empty() ? "" : Text("_chains_offer ", offer, "; "), "return 0 ;;\n");
  }
}

void Add(const Command& command, const std::string& path, Cases& cases) {
  std::vector<std::string> flags;
  std::vector<Option> options = command.options;
  for (Option& shared : SharedOptions()) options.push_back(std::move(shared));
  size_t place = 0;
  for (const Option& option : options) {
    if (option.positional()) {
      const std::string offer = Offer(option);
      if (!offer.empty()) {
        cases.place += Text("    \"", path, " ", place, "\") _chains_offer ", offer, " ;;\n");
      }
      ++place;
      continue;
    }
    for (std::string& spelling : SpellingsOf(option)) flags.push_back(std::move(spelling));
    AddOption(path, option, cases);
  }
  cases.flags +=
      Text("    \"", path, "\") _chains_offer words ", absl::StrJoin(flags, " "), " ;;\n");
  std::vector<std::string> names;
  for (const Command& each : command.subcommands) {
    names.push_back(each.name);
    cases.is_command += Text("    \"", path, " ", each.name, "\") return 0 ;;\n");
    Add(each, Text(path, " ", each.name), cases);
  }
  if (!names.empty()) {
    cases.place +=
        Text("    \"", path, " 0\") _chains_offer words ", absl::StrJoin(names, " "), " ;;\n");
  }
}

std::string Function(const char* name, const char* subject, const std::string& cases,
                     const char* otherwise) {
  return Text(name, "() {\n  case \"", subject, "\" in\n", cases, "  esac\n", otherwise, "}\n");
}

std::string Functions(const Command& root) {
  Cases cases;
  Add(root, root.name, cases);
  return Text(kHead, Function("_chains_is_command", "$1 $2", cases.is_command, "  return 1\n"),
              Function("_chains_takes_value", "$1 $2", cases.takes_value, "  return 1\n"),
              Function("_chains_value", "$1 $2", cases.value, "  return 1\n"),
              Function("_chains_flags", "$1", cases.flags, ""),
              Function("_chains_place", "$1 $2", cases.place, ""));
}

}  // namespace

std::string BashCompletion(const Command& root) {
  return Functions(root) + "complete -o default -F _chains chains\n";
}

std::string ZshCompletion(const Command& root) {
  return Text("#compdef chains\nautoload -U +X compinit && compinit -u\n",
              "autoload -U +X bashcompinit && bashcompinit\n", BashCompletion(root));
}

Command MakeCompletion() {
  auto shell = std::make_shared<std::string>();
  return {.name = "completion",
          .summary = "what a shell needs to complete commands",
          .group = "Settings",
          .examples = {"source <(chains completion bash)"},
          .options = {{"SHELL",
                       "bash or zsh",
                       shell.get(),
                       {.required = true, .choices = {"bash", "zsh"}}}},
          .run = [shell](Session& session) {
            const Command root = MakeRoot();
            session.out() << (*shell == "zsh" ? ZshCompletion(root) : BashCompletion(root));
            return static_cast<int>(kDone);
          }};
}

}  // namespace chains::deploy::cli
