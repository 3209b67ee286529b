#include "deploy/cli/command_line.h"

#include <algorithm>
#include <memory>
#include <sstream>

#include <CLI/CLI.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

// Examples keep their line ends, which CLI11 would not.
class Help final : public CLI::Formatter {
 public:
  Help() { column_width(34); }
  std::string make_footer(const CLI::App* app) const override {
    const std::string footer = app->get_footer();
    return footer.empty() ? "" : footer + "\n";
  }
};

std::string DurationProblem(const std::string& text) {
  absl::Duration duration;
  return absl::ParseDuration(text, &duration) && duration > absl::ZeroDuration()
             ? ""
             : Text("'", text, "' is no time such as 500ms, 60s or 5m");
}

std::string DurationOrZeroProblem(const std::string& text) {
  absl::Duration duration;
  const bool is_zero = absl::ParseDuration(text, &duration) && duration == absl::ZeroDuration();
  return is_zero ? "" : DurationProblem(text);
}

absl::Duration ToDuration(const std::string& text) {
  absl::Duration duration;
  static_cast<void>(absl::ParseDuration(text, &duration));  // checked
  return duration;
}

std::string BelowZero(const std::string& text) {
  double number = 0;
  return absl::SimpleAtod(text, &number) && number < 0 ? Text(text, " is below 0") : "";
}

struct Adder {
  CLI::App& app;
  const Option& option;

  CLI::Option* operator()(bool* to) const { return app.add_flag(option.name, *to, option.help); }
  CLI::Option* operator()(std::string* to) const {
    CLI::Option* const added = app.add_option(option.name, *to, option.help);
    return to->empty() ? added : added->capture_default_str();
  }
  CLI::Option* operator()(std::vector<std::string>* to) const {
    return app.add_option(option.name, *to, option.help)->allow_extra_args(option.positional());
  }
  CLI::Option* operator()(int* to) const { return Number(to); }
  CLI::Option* operator()(double* to) const { return Number(to); }
  CLI::Option* operator()(absl::Duration* to) const {
    return Later<std::string>([to](const std::string& text) { *to = ToDuration(text); })
        ->check(option.more.may_be_zero ? DurationOrZeroProblem : DurationProblem)
        ->type_name("TIME")
        ->default_str(absl::FormatDuration(*to));
  }
  CLI::Option* operator()(std::optional<int>* to) const {
    return Later<int>([to](int number) { *to = number; })->check(BelowZero);
  }
  CLI::Option* operator()(std::optional<double>* to) const {
    return Later<double>([to](double number) { *to = number; })->check(BelowZero);
  }
  CLI::Option* operator()(std::optional<absl::Duration>* to) const {
    return Later<std::string>([to](const std::string& text) { *to = ToDuration(text); })
        ->check(DurationProblem)
        ->type_name("TIME");
  }

 private:
  // A default below 0 says that there is none.
  template <typename Value>
  CLI::Option* Number(Value* to) const {
    CLI::Option* const added = app.add_option(option.name, *to, option.help)->check(BelowZero);
    return *to < 0 ? added : added->capture_default_str();
  }
  template <typename Value>
  CLI::Option* Later(std::function<void(const Value&)> set) const {
    return app.add_option_function<Value>(option.name, std::move(set), option.help);
  }
};

void Declare(CLI::App& app, const Option& option) {
  CLI::Option* const added = std::visit(Adder{app, option}, option.to);
  if (option.more.required) added->required();
  if (!option.more.choices.empty()) added->check(CLI::IsMember(option.more.choices));
  if (option.more.check != nullptr) added->check(option.more.check);
}

std::string Footer(const Command& command) {
  std::string text;
  for (const std::string& example : command.examples) text += Text("  ", example, "\n");
  if (!text.empty()) text = Text("Examples:\n", text);
  // The root lists them itself.
  if (command.run != nullptr) text += "Everywhere: --output text|json, --remote NAME\n";
  return text;
}

// What a leaf of the tree runs once it was parsed.
struct Chosen {
  const Command* command = nullptr;
  std::vector<std::string> rest = {};
};

void Declare(CLI::App& app, const Command& command, Chosen& chosen) {
  app.formatter(std::make_shared<Help>());
  app.footer(Footer(command));
  app.fallthrough(command.rest == nullptr);  // what it does not know is the rest, not the root's
  for (const Option& option : command.options) Declare(app, option);
  for (const Command& each : command.subcommands) {
    CLI::App& below = *app.add_subcommand(each.name, each.summary);
    below.group(each.group.empty() ? "Commands" : each.group);
    Declare(below, each, chosen);
  }
  if (!command.subcommands.empty()) {
    app.require_subcommand(1);
    return;
  }
  if (command.rest != nullptr) app.prefix_command();
  app.parse_complete_callback([&app, &command, &chosen] {
    chosen.command = &command;
    if (command.rest != nullptr) *command.rest = app.remaining();
  });
}

void DeclareShared(CLI::App& app, Session& session, std::string& format) {
  app.add_option("--output", format, "text, or json: a line for each answer or event")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_option(
      "--remote", session.remote_name,
      "which platform, by its name in remotes.json (default: CHAINS_REMOTE, then local)");
}

// The first word that stands where a command should, and is none.
std::string UnknownCommand(const Command& root, const std::vector<std::string>& arguments) {
  const Command* at = &root;
  for (const std::string& word : arguments) {
    if (word.starts_with('-')) return "";
    const auto found = std::find_if(at->subcommands.begin(), at->subcommands.end(),
                                    [&](const Command& each) { return each.name == word; });
    if (found == at->subcommands.end()) return word;
    if (found->subcommands.empty()) return "";
    at = &*found;
  }
  return "";
}

int Complain(const CLI::ParseError& error, const CLI::App& app, Session& session) {
  if (error.get_exit_code() == 0) {
    std::ostringstream help;
    std::ostringstream none;
    app.exit(error, help, none);
    session.out() << help.str();
    return kDone;
  }
  return session.Usage(Text(error.what(), " (--help shows what there is)"));
}

}  // namespace

int RunCommandLine(const Command& root, const std::vector<std::string>& arguments,
                   Session& session) {
  CLI::App app(root.summary, root.name);
  std::string format = "text";
  Chosen chosen;
  DeclareShared(app, session, format);
  Declare(app, root, chosen);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    if (std::find(arguments.begin(), arguments.end(), "json") != arguments.end()) {
      session.format = format == "json" ? OutputFormat::kJson : session.format;
    }
    const std::string unknown = UnknownCommand(root, arguments);
    if (!unknown.empty() && error.get_exit_code() != 0) {
      return session.Usage(
          Text("there is no command '", unknown, "' (--help shows what there is)"));
    }
    return Complain(error, app, session);
  }
  session.format = format == "json" ? OutputFormat::kJson : OutputFormat::kText;
  if (chosen.command == nullptr || chosen.command->run == nullptr) {
    return session.Usage("nothing to do (--help shows what there is)");
  }
  return chosen.command->run(session);
}

}  // namespace chains::deploy::cli
