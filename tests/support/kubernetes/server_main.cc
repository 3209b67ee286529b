// kubernetes_double_server: a Kubernetes API server in memory as a process, for tests of programs.
//
//   kubernetes_double_server --kubeconfig FILE [--port N] [--token TOKEN] [--namespace NAME]
//
// Says "listening on 127.0.0.1:PORT" once it can be asked, and ends with SIGTERM or SIGINT. No
// controller runs in it but the garbage collector: Deployments get no pods.
#include <csignal>
#include <fstream>
#include <iostream>
#include <map>
#include <pthread.h>
#include <string>

#include "absl/strings/numbers.h"
#include "tests/support/kubernetes/http_front.h"

namespace {

int Refuse(const std::string& why) {
  std::cerr << "kubernetes_double_server: " << why << "\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> flags{
      {"--kubeconfig", ""}, {"--port", "0"}, {"--token", "double"}, {"--namespace", "chains"}};
  for (int i = 1; i + 1 < argc; i += 2) {
    if (flags.count(argv[i]) == 0) return Refuse(std::string("there is no flag ") + argv[i]);
    flags[argv[i]] = argv[i + 1];
  }
  uint32_t port = 0;
  if (!absl::SimpleAtoi(flags["--port"], &port) || port > 65535) return Refuse("--port is no port");

  // Before there are threads, so that none of them takes a signal.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  chains::deploy::fake::ApiServer server;
  server.With([&](chains::deploy::fake::ApiCore& core) {
    core.MakeNamespace(flags["--namespace"], absl::Now());
  });
  const auto front = chains::deploy::fake::HttpFront::Listen(server, static_cast<uint16_t>(port),
                                                             flags["--token"]);
  if (!front.ok()) return Refuse(std::string(front.status().message()));
  if (!flags["--kubeconfig"].empty()) {
    std::ofstream(flags["--kubeconfig"]) << (*front)->Kubeconfig();
  }
  std::cout << "listening on 127.0.0.1:" << (*front)->port() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}
