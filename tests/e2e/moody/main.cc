// Answers the number of its process; "fall ill" makes that process's Healthy() fail from then on.
#include <string>
#include <unistd.h>

#include "chains/chain/chain.h"
#include "moody.chains.h"

namespace moody {

class Moody final : public Mood {
 public:
  chains::Task<MoodReply> RunRemote(MoodRequest request) override {
    if (request.text() == "fall ill") ill_ = true;
    MoodReply reply;
    reply.set_result(std::to_string(getpid()));
    co_return reply;
  }
  absl::Status Healthy() {
    return ill_ ? absl::UnavailableError("in a bad mood") : absl::OkStatus();
  }

 private:
  bool ill_ = false;
};

}  // namespace moody

int main(int argc, char** argv) {
  chains::Chain chain("moody");
  chain
      .Add<moody::Moody>(chains::Resources{.memory = "64Mi"},
                         chains::Autoscaling{.min_replica = 2, .max_replica = 2},
                         chains::Settings{.health = {.stop_traffic_after = absl::Seconds(1),
                                                     .restart_after = absl::Seconds(3)}})
      .Entrypoint();
  return chain.Main(argc, argv);
}
