#include "deploy/cli/commands/remotes.h"

#include <filesystem>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "chains/core/text.h"
#include "deploy/apiserver/object.h"
#include "deploy/cli/kubernetes/reach.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/terminal/table.h"

namespace chains::deploy::cli {
namespace {

struct RemotesFlags {
  Remote remote = {};
  bool kubernetes = false;
  AccessFlags access = {};
  std::string in_namespace = "chains";
  bool make_default = false;
};

std::filesystem::path Home(const Session& session) { return HomeFolder(session.world().getenv); }

std::string WhereOf(const Remote& remote) {
  if (!remote.kubernetes) return remote.platform;
  const std::string& context = remote.kubernetes->context;
  return Text("namespace ", remote.kubernetes->in_namespace, " of ",
              context.empty() ? std::string("the current context") : context);
}

int List(Session& session) {
  const absl::StatusOr<Remotes> remotes = LoadRemotes(Home(session));
  if (!remotes.ok()) return session.Fail(remotes.status());
  Table table({"REMOTE", "PLATFORM", "GATEWAY"});
  for (const auto& [name, remote] : remotes->by_name) {
    const bool is_default = name == remotes->default_name;
    if (session.json()) {
      const Json line = {{"name", name},
                         {"default", is_default},
                         {"platform", WhereOf(remote)},
                         {"gateway", remote.gateway}};
      session.out() << ToText(line) << "\n";
      continue;
    }
    table.Add({{is_default ? Text(name, " (default)") : name},
               {WhereOf(remote)},
               {remote.gateway.empty() ? std::string("through a tunnel") : remote.gateway}});
  }
  table.Print(session.terminal());
  return kDone;
}

// A key is not asked for on the command line: others of the machine could read it there.
std::string KeyFrom(std::istream& in) {
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return std::string(absl::StripAsciiWhitespace(text));
}

int Add(Session& session, RemotesFlags flags) {
  if (flags.kubernetes == !flags.remote.platform.empty()) {
    return session.Usage("say where it is: --kubernetes, or --platform HOST:PORT");
  }
  if (flags.kubernetes) {
    flags.remote.kubernetes = ClusterAccess{.kubeconfig = flags.access.kubeconfig,
                                            .context = flags.access.context,
                                            .in_namespace = flags.in_namespace};
    if (!flags.access.kubeconfig.empty()) {
      flags.remote.kubernetes->kubeconfig =
          std::filesystem::absolute(flags.access.kubeconfig).lexically_normal().string();
    }
  }
  flags.remote.key = KeyFrom(session.terminal().in);
  absl::StatusOr<Remotes> remotes = LoadRemotes(Home(session));
  if (!remotes.ok()) return session.Fail(remotes.status());
  if (flags.make_default || remotes->by_name.empty()) remotes->default_name = flags.remote.name;
  remotes->by_name[flags.remote.name] = flags.remote;
  if (absl::Status kept = SaveRemotes(Home(session), *remotes); !kept.ok()) {
    return session.Fail(kept);
  }
  session.out() << Safe(flags.remote.name) << " is " << Safe(WhereOf(flags.remote)) << "\n";
  return kDone;
}

int Remove(Session& session, const std::string& name) {
  absl::StatusOr<Remotes> remotes = LoadRemotes(Home(session));
  if (!remotes.ok()) return session.Fail(remotes.status());
  if (remotes->by_name.erase(name) == 0) {
    return session.Fail(absl::NotFoundError(Text("no platform is called '", name, "'")));
  }
  if (remotes->default_name == name) {
    remotes->default_name = remotes->by_name.empty() ? "" : remotes->by_name.begin()->first;
  }
  const absl::Status kept = SaveRemotes(Home(session), *remotes);
  return kept.ok() ? kDone : session.Fail(kept);
}

Option NameOption(std::string& to, Completes completes) {
  return {"NAME", "of the remote", &to, {.required = true, .completes = completes}};
}

Command MakeAdd() {
  auto flags = std::make_shared<RemotesFlags>();
  Command command = {
      .name = "add",
      .summary = "remember a platform, with the key on standard input",
      .examples = {"chains remotes add prod --kubernetes --context prod < key",
                   "chains remotes add lab --platform lab:7070 --gateway http://lab:8080 < key"},
      .options = {NameOption(flags->remote.name, Completes::kNothing),
                  {"--kubernetes", "it is on a Kubernetes cluster", &flags->kubernetes},
                  {"--namespace", "of the cluster", &flags->in_namespace},
                  {"--platform", "where it answers, as HOST:PORT", &flags->remote.platform},
                  {"--gateway", "where HTTP is answered, as https://HOST", &flags->remote.gateway},
                  {"--gateway-grpc", "the same for gRPC, as HOST:PORT", &flags->remote.grpc},
                  {"--default", "take it where none is named", &flags->make_default}},
      .run = [flags](Session& session) { return Add(session, *flags); }};
  for (Option& each : AccessOptions(flags->access)) command.options.push_back(std::move(each));
  return command;
}

Command MakeRemove() {
  auto name = std::make_shared<std::string>();
  return {.name = "remove",
          .summary = "forget a platform, which runs on",
          .options = {NameOption(*name, Completes::kRemotes)},
          .run = [name](Session& session) { return Remove(session, *name); }};
}

}  // namespace

Command MakeRemotes() {
  return {.name = "remotes",
          .summary = "which platforms this user knows",
          .group = "Platform",
          .subcommands = {
              {.name = "list", .summary = "all of them", .run = List}, MakeAdd(), MakeRemove()}};
}

}  // namespace chains::deploy::cli
