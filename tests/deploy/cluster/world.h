// World: a platform on a cluster, with all that happens to them drawn from a seed: people who push,
// promote, scale and delete; pods that crash, nodes that go, an API server that fails; and the
// platform, which is killed and comes back.
//
//   World world(seed);
//   world.Storm(400);
//   EXPECT_EQ(world.Converge(), "");       // what is not as it should be, once all is calm
//   EXPECT_THAT(world.problems(), IsEmpty());  // what was never to be, at any moment
//
// At every moment: who is told of a replica is told of one that had attached, was ready, and whose
// pod was ready; and that was so not long ago.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "deploy/bundle/blob_store.h"
#include "tests/deploy/cluster/assembled_platform.h"
#include "tests/deploy/cluster/pod_agent.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {

// Somebody's request to the platform, until it is answered or the platform dies.
struct Asked {
  std::string what;
  std::string deployment;  // that it is about, or has made
  bool promotes = false;
  bool deletes = false;
  v1::DeployEvent last;  // of a push
  std::string promoted;  // the deployment that production points at by this answer
  std::optional<chains::testing::Running<void>> running;
};

class World {
 public:
  explicit World(uint64_t seed);
  ~World();
  World(const World&) = delete;

  // So many things happen.
  void Storm(int steps);
  // Nothing bad happens any more, and time passes: empty when all is as it was wanted, else what is
  // not.
  std::string Converge();

  // What must never be.
  const std::vector<std::string>& problems() const { return problems_; }
  // The last things that happened, for people.
  std::string trace() const;

 private:
  using Step = std::function<void()>;
  class Gateway;

  double Draw() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  size_t Draw(size_t below) { return random_() % below; }
  template <typename T>
  const T& OneOf(const std::vector<T>& all) {
    return all[Draw(all.size())];
  }
  void Note(std::string what);
  void Problem(std::string what);

  void StartPlatform();
  void KillPlatform();
  bool StepCluster();
  void Pass(absl::Duration time);
  void Ask();
  void Push();
  void Follow(std::unique_ptr<Asked> asked, Task<void> task);
  void TakeAnswers();
  void Disaster();
  void ChangeFaults();

  Task<void> RunPush(v1::DeployRequest request, Asked* asked);
  Task<void> RunPromote(v1::PromoteRequest request, Asked* asked);
  Task<void> RunRollback(v1::RollbackRequest request, Asked* asked);
  Task<void> RunOther(int kind, v1::DeploymentRequest request);
  Task<void> RunScaling(v1::SetScalingRequest request);

  std::unique_ptr<fake::PodProgram> StartPod(const Json& pod);
  std::vector<PodAgent*> Agents();
  void CheckTold(const std::string& who, const std::string& replica);
  void CheckEnvironment();
  std::string WhatIsWrong();
  std::string WrongIn(Deployment& deployment);

  std::mt19937_64 random_;
  const TempFolder folder_;
  chains::testing::FakeClock clock_{{.threads = 1}};
  fake::ApiServer server_;
  MemoryStore store_;
  std::unique_ptr<BlobStore> blobs_;
  std::optional<SecretBox> secrets_;
  std::unique_ptr<LogKeeper> logs_;
  PodsLink link_{clock_};
  std::optional<fake::Cluster> cluster_;
  std::unique_ptr<AssembledPlatform> platform_;
  absl::Time up_since_;
  std::unique_ptr<Gateway> gateway_;
  std::vector<std::unique_ptr<Asked>> asked_;
  bool storms_ = true;

  // What people know.
  std::set<std::string> pushed_;       // whose push was acknowledged
  std::set<std::string> deleted_;      // whose deletion was
  std::set<std::string> may_be_gone_;  // whose deletion was begun
  std::set<std::string> may_promote_;  // on their way to production, as far as people know
  std::string production_;             // as it was acknowledged last

  struct Seen {
    bool was_callable = false;
    absl::Time gone_since = absl::InfiniteFuture();
    std::string pod_uid;
  };
  std::map<std::string, Seen> seen_;  // by replica
  std::vector<std::string> problems_;
  std::deque<std::string> trace_;
};

}  // namespace chains::deploy
