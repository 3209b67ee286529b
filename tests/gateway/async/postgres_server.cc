#include "tests/gateway/async/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <memory>
#include <pwd.h>
#include <sys/wait.h>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

// Debian keeps the server's programs in a folder of their version.
std::string ProgramFolder() {
  std::error_code ignored;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const std::string folder = version.path().string() + "/bin";
    if (access((folder + "/initdb").c_str(), X_OK) == 0) return folder;
  }
  return "";
}

// PostgreSQL refuses to run as root.
const passwd* Somebody() { return geteuid() == 0 ? getpwnam("nobody") : nullptr; }

// False where the program failed; what it said is in the log.
bool RunAsSomebody(std::vector<std::string> command, const std::string& log) {
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const passwd* const user = Somebody();
  const pid_t child = fork();
  if (child == 0) {
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (user != nullptr &&
        (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
      _exit(126);
    }
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = -1;
  return waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

bool PostgresServer::Missing() { return ProgramFolder().empty(); }

PostgresServer::PostgresServer() {
  const passwd* const user = Somebody();
  if (user != nullptr) {
    EXPECT_EQ(chown(folder_.path().c_str(), user->pw_uid, user->pw_gid), 0);
  }
  const std::vector<std::string> command = {ProgramFolder() + "/initdb",
                                            "--pgdata",
                                            folder_ / "data",
                                            "--auth=trust",
                                            "--username=chains",
                                            "--no-sync",
                                            "--no-instructions",
                                            "--encoding=UTF8",
                                            "--locale=C"};
  EXPECT_TRUE(RunAsSomebody(command, folder_ / "log")) << "initdb failed";
  Start();
}

PostgresServer::~PostgresServer() { Crash(); }

void PostgresServer::Start() {
  const std::string options =
      Text("-k ", folder_.path(),
           " -c listen_addresses= -c fsync=off -c shared_buffers=16MB -c max_connections=20");
  running_ =
      RunAsSomebody({ProgramFolder() + "/pg_ctl", "start", "--wait", "--timeout=30", "--pgdata",
                     folder_ / "data", "--log", folder_ / "server", "-o", options},
                    folder_ / "log");
  EXPECT_TRUE(running_) << "PostgreSQL did not start";
  if (running_) url_ = Text("postgresql://chains@/postgres?host=", folder_.path());
}

void PostgresServer::Crash() {
  if (!std::exchange(running_, false)) return;
  EXPECT_TRUE(RunAsSomebody({ProgramFolder() + "/pg_ctl", "stop", "--wait", "--mode=immediate",
                             "--pgdata", folder_ / "data"},
                            folder_ / "log"));
}

void PostgresServer::Clear() {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url_.c_str()),
                                                                &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(
      PQexec(connection.get(),
             "SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public"),
      &PQclear);
  EXPECT_EQ(PQresultStatus(result.get()), PGRES_COMMAND_OK) << PQerrorMessage(connection.get());
}

}  // namespace chains::gateway
