// A chain whose calls leave a trace: each appends a line to the file of $LEDGER.
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include "absl/status/status.h"
#include "chains/chain/chain.h"
#include "ledger.chains.h"

namespace ledger {

class Book final : public Ledger {
 public:
  chains::Task<EntryResponse> RunRemote(EntryRequest request) override {
    const std::string line = request.name() + "\n";
    // One write of a file that is open for appending is never torn apart by another's.
    if (write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      co_return absl::DataLossError("cannot write the file of $LEDGER");
    }
    EntryResponse response;
    response.set_result(request.name());
    co_return response;
  }

 private:
  const int file_ = open(std::getenv("LEDGER"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
};

}  // namespace ledger

int main(int argc, char** argv) {
  if (std::getenv("LEDGER") == nullptr) setenv("LEDGER", "/dev/null", 0);
  chains::Chain chain("ledger");
  chain.Add<ledger::Book>().Entrypoint();
  return chain.Main(argc, argv);
}
