// Command: what there is to type, declared beside the function that does it.
//
//   Command MakeWake() {
//     auto flags = std::make_shared<Flags>();
//     return {.name = "wake", .summary = "start replicas of a deployment",
//             .options = {{"ID", "of the deployment", &flags->id, {.required = true}}},
//             .run = [flags](Session& session) { return Wake(session, *flags); }};
//   }
//
// The tree of commands is what the parser (command_line.h), the help and the completion of shells
// are made of.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

// What a shell offers for a value.
enum class Completes { kNothing, kFiles, kFolders, kChains, kDeployments, kRemotes };

struct Option {
  // Where its value goes. It outlives the command; without the option it stays as it is. Numbers
  // are 0 or more.
  using Target =
      std::variant<bool*, std::string*, std::vector<std::string>*, int*, double*, absl::Duration*,
                   std::optional<int>*, std::optional<double>*, std::optional<absl::Duration>*>;
  struct More {
    bool required = false;
    std::vector<std::string> choices = {};
    Completes completes = Completes::kNothing;
    bool may_be_zero = false;  // of a time
    // What is wrong with a value; empty: nothing.
    std::function<std::string(const std::string&)> check = nullptr;
  };

  std::string name;  // "--follow,-f", or "CHAIN" for one by its place
  std::string help;
  Target to;
  More more = {};

  bool positional() const { return !name.starts_with('-'); }
};

struct Command {
  std::string name;
  std::string summary;
  std::string group = {};  // the heading under which the overview lists it
  std::vector<std::string> examples = {};
  std::vector<Option> options = {};
  // What follows the options that it knows, unread; null: nothing may.
  std::vector<std::string>* rest = nullptr;
  std::vector<Command> subcommands = {};  // none: `run` does it
  std::function<int(Session&)> run = nullptr;
};

// All of `chains`.
Command MakeRoot();

}  // namespace chains::deploy::cli
