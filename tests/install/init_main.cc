// init_chain FOLDER: writes a new chain there, as `chains init` does.
#include <cstdio>
#include <string>

#include "deploy/build/init.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const absl::Status status = chains::deploy::InitChain(argv[1], "").status();
  if (!status.ok()) std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}
