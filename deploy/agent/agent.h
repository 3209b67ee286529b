// Agent: the first process of a replica's pod. It runs there what its platform wants to run there
// (proto/chains/v1/pods.proto).
//
//   Agent agent({.deployment = "3f9a", .pod = "hello-x7k2p", .connect = …}, fetcher, starter);
//   …a task of the loop runs agent.Run()…
//   agent.Leave();                                  // SIGTERM: Run() ends when the program has
//
// Orders say what should be, so each change of what is or should be leads to the same look at both:
//
//   wanted, nothing is there       fetch its bundle, then start it
//   another one runs               SIGTERM, after the patience SIGKILL; its bundle comes meanwhile
//   nothing is wanted              the same, and nothing after it
//   it ended, and is wanted        nothing: who ended is reported until it is not wanted any more
//
// A platform that is lost is asked again, after 50 ms at first and at most every second. Meanwhile
// all stays as it is.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "chains/core/stream.h"
#include "chains/v1/pods.chains.h"
#include "deploy/agent/bundle_fetcher.h"
#include "deploy/agent/output_ring.h"
#include "deploy/agent/program.h"

namespace chains::deploy {

// On one loop.
class Agent {
 public:
  struct Options {
    std::string deployment;
    std::string pod;
    std::string uid;
    std::string node;
    std::string place;
    // A new connection, so that none waits until an earlier one has recovered.
    std::function<std::shared_ptr<v1::Pods>()> connect;
    absl::Duration drain = absl::Seconds(35);  // what a program has to end when the pod ends
    size_t output_bytes = size_t{1} << 20;     // of each program, until the platform has them
    // Where it is written down what runs, so that an agent whose container was ended, and whose
    // program with it, says so when it is started again; empty: nowhere.
    std::string mark;
    std::function<void(const std::string& text)> log = nullptr;  // for people; may be null
  };
  // `fetcher` and `starter` outlive it.
  Agent(Options options, BundleFetcher& fetcher, ProgramStarter& starter);
  Agent(const Agent&) = delete;
  ~Agent();

  // Ends after Leave(), when nothing runs any more and the platform was told, or is not there.
  Task<void> Run();
  void Leave();
  // To the program, if there is one.
  void Forward(int signal);

 private:
  // A replica whose output is not all on the platform.
  struct Spoken {
    explicit Spoken(v1::ReplicaOrder of, size_t capacity)
        : order(std::move(of)), output(capacity) {}
    const v1::ReplicaOrder order;
    OutputRing output;
    uint64_t sent = 0;  // of its output, on this stream
  };
  struct Ended {
    std::unique_ptr<Spoken> spoken;
    v1::ReplicaEnded report;
    bool told = false;  // all of it, on this stream
  };
  struct Preparing {
    v1::ReplicaOrder order;
    BundleProgress progress;
    std::optional<BundleFetcher::Fetched> bundle;  // it can be started
    std::unique_ptr<chains::internal::Root<void>> task;
  };
  struct Running {
    std::unique_ptr<Spoken> spoken;
    std::string bundle;
    bool asked = false;
    std::unique_ptr<Program> program;
  };
  class Alarm final : public Loop::Timer {
   public:
    explicit Alarm(std::function<void()> call) : call_(std::move(call)) {}

   private:
    void Fire() override { call_(); }
    const std::function<void()> call_;
  };

  // agent.cc: what should be, and what is.
  void Look();
  const v1::ReplicaOrder* Wanted() const;
  void Prepare(const v1::ReplicaOrder& order);
  Task<void> PrepareIt(Preparing* preparing, v1::ReplicaOrder order);
  void DropPreparation();
  void StartProgram();
  void AskToEnd(absl::Duration patience);
  void EndByForce();
  void ProgramEnded(std::string how);
  void NoteEnd(std::unique_ptr<Spoken> spoken, bool asked, std::string how);
  void TidyUp();
  Task<void> RemoveOthers(std::string bundle);
  void WriteMark(const std::string& replica);
  void ReadMark();
  void Say(const std::string& text) const;

  // conversation.cc: with the platform.
  Task<void> StayConnected();
  Task<void> FollowOrders();
  Stream<v1::PodReport> Reports();
  Task<void> News();
  Task<void> Closed();
  v1::PodReport MakeReport();
  void AddOutput(Spoken& spoken, size_t& room, v1::PodReport& report);
  void NoteTold(const std::vector<std::string>& replicas);
  void Take(v1::PodOrders orders);
  void KeepOutput(const v1::PodOrders& orders);
  void HasNews();

  const Options options_;
  BundleFetcher& fetcher_;
  ProgramStarter& starter_;
  Loop* loop_ = nullptr;
  Context context_;

  std::optional<v1::PodOrders> orders_;  // the last
  bool leaving_ = false;
  std::unique_ptr<Preparing> preparing_;
  std::unique_ptr<Running> running_;
  std::deque<Ended> ended_;  // the oldest first
  std::unique_ptr<chains::internal::Root<void>> tidying_;
  Alarm kill_{[this] { EndByForce(); }};
  absl::Time kill_at_ = absl::InfiniteFuture();
  Notice finished_;

  std::unique_ptr<chains::internal::Root<void>> conversation_;
  Notice noticed_;
  bool news_ = false;
  Alarm output_news_{[this] { HasNews(); }};
  bool output_waits_ = false;  // output_news_ is armed
  bool more_output_ = false;   // than the last report had room for
  bool heard_ = false;         // orders came on this stream
  bool closing_ = false;       // this is the last report
  bool closed_ = false;        // nothing more is to be told
  absl::Duration report_every_ = absl::Seconds(1);
  std::string trouble_;  // what was said last of a platform that was lost
};

}  // namespace chains::deploy
