#include "deploy/agent/agent.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "deploy/logs/last_lines.h"

namespace chains::deploy {
namespace {

constexpr size_t kLastLines = 20;
constexpr size_t kLastBytes = size_t{64} << 10;
constexpr size_t kMostEnded = 16;
// How long the platform may take to hear of the end.
constexpr absl::Duration kFarewell = absl::Seconds(2);

}  // namespace

Agent::Agent(Options options, BundleFetcher& fetcher, ProgramStarter& starter)
    : options_(std::move(options)), fetcher_(fetcher), starter_(starter) {}

Agent::~Agent() = default;

void Agent::Say(const std::string& text) const {
  if (options_.log) options_.log(text);
}

Task<void> Agent::Run() {
  const chains::internal::Here::Place here = co_await chains::internal::Here();
  loop_ = &here.loop();
  context_ = here.context();
  ReadMark();
  conversation_ = std::make_unique<chains::internal::Root<void>>(*loop_, context_, StayConnected(),
                                                                 [](const auto&) {});
  conversation_->Start();
  while (!leaving_ || running_ != nullptr || preparing_ != nullptr) co_await finished_.Wait();
  closing_ = true;
  HasNews();
  const absl::StatusOr<chains::internal::Unit> told =
      co_await Outcome(WithTimeout(Closed(), kFarewell));
  if (!told.ok()) Say("the platform was not told of the end in time");
  conversation_.reset();
  tidying_.reset();
}

void Agent::Leave() {
  if (std::exchange(leaving_, true)) return;
  Say("this pod ends: what runs finishes, and leaves");
  Look();
}

void Agent::Forward(int signal) {
  if (running_ != nullptr) running_->program->Signal(signal);
}

// Null: nothing.
const v1::ReplicaOrder* Agent::Wanted() const {
  if (leaving_ || !orders_ || !orders_->has_run()) return nullptr;
  const v1::ReplicaOrder& run = orders_->run();
  const bool ended = std::any_of(ended_.begin(), ended_.end(), [&run](const Ended& each) {
    return each.report.replica() == run.replica();
  });
  return ended ? nullptr : &run;
}

void Agent::Look() {
  const v1::ReplicaOrder* const wanted = Wanted();
  const auto is_wanted = [wanted](const v1::ReplicaOrder& order) {
    return wanted != nullptr && wanted->replica() == order.replica();
  };
  if (running_ != nullptr && !is_wanted(running_->spoken->order)) {
    AskToEnd(leaving_ ? options_.drain : absl::Milliseconds(orders_->patience_ms()));
  }
  if (preparing_ != nullptr && !is_wanted(preparing_->order)) DropPreparation();
  const bool runs = running_ != nullptr && is_wanted(running_->spoken->order);
  if (wanted != nullptr && !runs && preparing_ == nullptr) Prepare(*wanted);
  if (preparing_ != nullptr && preparing_->bundle && running_ == nullptr) StartProgram();
  HasNews();
  finished_.Give();
}

void Agent::Prepare(const v1::ReplicaOrder& order) {
  preparing_ = std::make_unique<Preparing>();
  preparing_->order = order;
  preparing_->task = std::make_unique<chains::internal::Root<void>>(
      *loop_, context_, PrepareIt(preparing_.get(), order),
      [this](const absl::StatusOr<chains::internal::Unit>& done) {
        if (!done.ok()) {
          const std::unique_ptr<Preparing> failed = std::move(preparing_);
          NoteEnd(std::make_unique<Spoken>(failed->order, 0), /*asked=*/false,
                  Text("it could not be started: ", MessageOf(done.status())));
        }
        Look();
      });
  preparing_->task->Start();
}

// `preparing` may be gone while work runs on another thread; then nothing follows it.
Task<void> Agent::PrepareIt(Preparing* preparing, v1::ReplicaOrder order) {
  std::set<std::string> in_use;
  if (running_ != nullptr) in_use.insert(running_->bundle);
  BundleFetcher::Fetched bundle =
      co_await fetcher_.Fetch(order.bundle(), std::move(in_use), &preparing->progress);
  const absl::Status cache = fetcher_.cache_problem();
  if (!cache.ok()) Say(Text("the node's cache is of no use: ", MessageOf(cache)));
  co_await Blocking([&] { return starter_.Prepare(order); });
  preparing->bundle = std::move(bundle);
}

// It was told to leave before it began.
void Agent::DropPreparation() {
  const std::unique_ptr<Preparing> dropped = std::move(preparing_);
  NoteEnd(std::make_unique<Spoken>(dropped->order, 0), /*asked=*/true, "it had not been started");
}

void Agent::StartProgram() {
  const std::unique_ptr<Preparing> prepared = std::move(preparing_);
  auto running = std::make_unique<Running>();
  running->spoken = std::make_unique<Spoken>(prepared->order, options_.output_bytes);
  running->bundle = prepared->bundle->digest;
  ProgramStarter::Hooks hooks;
  hooks.on_output = [this, spoken = running->spoken.get()](std::string_view data) {
    spoken->output.Append(data);
    if (std::exchange(output_waits_, true)) return;
    loop_->Arm(output_news_, loop_->Now() + absl::Milliseconds(50));
  };
  hooks.on_end = [this](std::string how) { ProgramEnded(std::move(how)); };
  absl::StatusOr<std::unique_ptr<Program>> program =
      starter_.Start(prepared->order, *prepared->bundle, std::move(hooks));
  if (!program.ok()) {
    NoteEnd(std::move(running->spoken), /*asked=*/false, std::string(MessageOf(program.status())));
    return Look();
  }
  running->program = *std::move(program);
  running_ = std::move(running);
  WriteMark(prepared->order.replica());
  Say(Text("runs ", prepared->order.replica(), " as process ", running_->program->pid()));
  TidyUp();
}

// Again with less patience: the sooner end counts.
void Agent::AskToEnd(absl::Duration patience) {
  if (!std::exchange(running_->asked, true)) {
    Say(Text("asks ", running_->spoken->order.replica(), " to finish and to leave"));
    running_->program->Signal(SIGTERM);
  }
  const absl::Time at = loop_->Now() + std::max(patience, absl::ZeroDuration());
  if (at >= kill_at_) return;
  kill_at_ = at;
  loop_->Arm(kill_, at);
}

void Agent::EndByForce() {
  if (running_ == nullptr) return;
  Say(Text(running_->spoken->order.replica(), " has had its time, and is ended by force"));
  running_->program->Signal(SIGKILL);
}

void Agent::ProgramEnded(std::string how) {
  kill_.Disarm();
  kill_at_ = absl::InfiniteFuture();
  const std::unique_ptr<Running> ended = std::move(running_);
  WriteMark("");
  Say(Text(ended->spoken->order.replica(), " ", how));
  NoteEnd(std::move(ended->spoken), ended->asked, std::move(how));
  Look();
}

void Agent::NoteEnd(std::unique_ptr<Spoken> spoken, bool asked, std::string how) {
  Ended ended;
  ended.report.set_replica(spoken->order.replica());
  ended.report.set_asked(asked);
  ended.report.set_how(std::move(how));
  for (std::string& line : LastLinesOf(spoken->output.Tail(kLastBytes), kLastLines)) {
    ended.report.add_last_lines(std::move(line));
  }
  starter_.Forget(spoken->order);
  ended.spoken = std::move(spoken);
  ended_.push_back(std::move(ended));
  if (ended_.size() > kMostEnded) ended_.pop_front();
}

// Other bundles have had their time. What cannot be removed now is tried again with the next.
void Agent::TidyUp() {
  tidying_ = std::make_unique<chains::internal::Root<void>>(
      *loop_, context_, RemoveOthers(running_->bundle),
      [this](const absl::StatusOr<chains::internal::Unit>& done) {
        if (!done.ok()) Say(Text("old bundles stay: ", MessageOf(done.status())));
      });
  tidying_->Start();
}

Task<void> Agent::RemoveOthers(std::string bundle) {
  std::set<std::string> keep = {std::move(bundle)};
  co_await fetcher_.KeepOnly(std::move(keep));
}

// ---- what runs, written down

void Agent::WriteMark(const std::string& replica) {
  if (options_.mark.empty()) return;
  std::ofstream(options_.mark, std::ios::trunc) << replica;
}

void Agent::ReadMark() {
  if (options_.mark.empty()) return;
  std::ifstream file(options_.mark);
  v1::ReplicaOrder order;
  if (!(file >> *order.mutable_replica())) return;
  NoteEnd(std::make_unique<Spoken>(std::move(order), 0), /*asked=*/false,
          "ended together with its container; kubectl describe pod says why (its memory was used "
          "up, say)");
  WriteMark("");
}

}  // namespace chains::deploy
