// `watch`: save, build, exchange, again.
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/cli/commands/building.h"
#include "deploy/cli/commands/call.h"
#include "deploy/cli/commands/push.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/push/ready_line.h"
#include "deploy/cli/push/watch_view.h"
#include "deploy/cli/wait.h"

namespace chains::deploy::cli {
namespace {

constexpr absl::Duration kLookEvery = absl::Milliseconds(100);
constexpr std::chrono::seconds kBeforeLogsAgain(1);
constexpr std::chrono::milliseconds kBeforePushAgain(300);
constexpr absl::Duration kRunTimeout = absl::Seconds(60);

// Follows the logs of one deployment, whatever becomes of the stream, until it is destroyed.
class LogTail {
 public:
  LogTail(PlatformClient& platform, WatchView& view, std::string deployment)
      : platform_(platform),
        view_(view),
        deployment_(std::move(deployment)),
        thread_([this](const std::stop_token& stop) { Follow(stop); }) {}
  const std::string& deployment() const { return deployment_; }

 private:
  void Follow(const std::stop_token& stop) {
    int64_t since = absl::ToUnixMillis(absl::Now());
    while (!stop.stop_requested()) {
      v1::LogsRequest request;
      request.mutable_of()->set_deployment(deployment_);
      request.set_follow(true);
      request.set_tail(1);  // older lines are skipped; 0 would ask for all
      // A stream that breaks off is asked for again: logs are beside the point of `watch`, which
      // tells in its own words when the platform is gone.
      static_cast<void>(platform_.Each<v1::LogsRequest, v1::LogLine>(
          &v1::Platform::Logs, std::move(request),
          [&](v1::LogLine line) {
            if (line.unix_ms() >= since) view_.Log(line);
            return true;
          },
          {.timeout = absl::InfiniteDuration(), .stop = stop}));
      since = absl::ToUnixMillis(absl::Now());
      std::unique_lock lock(mutex_);
      stopping_.wait_for(lock, stop, kBeforeLogsAgain, [] { return false; });
    }
  }

  PlatformClient& platform_;
  WatchView& view_;
  const std::string deployment_;
  std::mutex mutex_;
  std::condition_variable_any stopping_;
  std::jthread thread_;
};

// Laps, the first from a time in the past.
class Stopwatch {
 public:
  explicit Stopwatch(absl::Time begin) : last_(begin) {}
  absl::Duration Lap() {
    const absl::Time now = absl::Now();
    return now - std::exchange(last_, now);
  }

 private:
  absl::Time last_;
};

class Watcher {
 public:
  Watcher(Session& session, PlatformClient& platform, ChainSource& source, const PushFlags& flags)
      : session_(session), platform_(platform), source_(source), flags_(flags), view_(session) {}

  absl::Status Run() {
    absl::Status status = Loop();
    round_ = {};  // stops it and waits for it
    tail_.reset();
    if (status.ok()) view_.Ended();
    return status;
  }

 private:
  // A change during a build, or while the new one starts, begins the next round at once.
  absl::Status Loop() {
    const absl::StatusOr<std::optional<SourceChange>> begun =
        source_.WaitForChange(absl::ZeroDuration());
    if (!begun.ok()) return begun.status();
    view_.Watching(flags_.path);
    StartRound(absl::Now());
    while (!session_.world().interrupted()) {
      const absl::StatusOr<std::optional<SourceChange>> changed = source_.WaitForChange(kLookEvery);
      if (!changed.ok()) return changed.status();
      if (!changed->has_value()) continue;
      view_.Changed((*changed)->paths);
      StartRound((*changed)->saved);
    }
    return absl::OkStatus();
  }

  void StartRound(absl::Time saved) {
    round_ = {};
    round_ = std::jthread([this, saved](const std::stop_token& stop) { Round(stop, saved); });
  }

  void Round(const std::stop_token& stop, absl::Time saved) {
    Stopwatch watch(saved);
    WatchStages stages = {.noticed = watch.Lap()};
    const std::optional<BuiltChain> chain = Build(stop, saved, watch, stages);
    if (!chain || stop.stop_requested()) return;
    Push push(platform_, flags_);
    const absl::Status end = PushUntilAnswered(
        push, *chain, stop, [&](const Uploaded&) { stages.uploaded += watch.Lap(); });
    if (stop.stop_requested()) return;
    if (!end.ok()) return view_.DeployFailed(push.last(), end, serves_);
    serves_ = true;
    stages.started = watch.Lap();
    view_.Live(push.last(), UrlOf(platform_.remote(), push.last().deployment()), stages,
               flags_.verbose);
    if (!flags_.run.empty()) Ask(push.last().deployment());
  }

  // A platform that is away for a moment, to be started again say, is waited for: nobody should
  // have to save once more.
  absl::Status PushUntilAnswered(Push& push, const BuiltChain& chain, const std::stop_token& stop,
                                 const std::function<void(const Uploaded&)>& on_uploaded) {
    std::string note;
    const auto on_event = [&](const v1::DeployEvent& event) {
      FollowLogsOf(event.deployment().id());
      if (event.note().empty() || std::exchange(note, event.note()) == event.note()) return;
      view_.Note(note);
    };
    for (bool told = false;;) {
      const absl::Status end =
          push.Run(chain, {.on_event = on_event, .on_uploaded = on_uploaded, .stop = stop});
      if (!absl::IsUnavailable(end) || stop.stop_requested()) return end;
      if (!std::exchange(told, true)) {
        view_.Note(Text(MessageOf(end), "; it is pushed as soon as the platform answers"));
      }
      std::unique_lock lock(mutex_);
      stopping_.wait_for(lock, stop, kBeforePushAgain, [] { return false; });
    }
  }

  std::optional<BuiltChain> Build(const std::stop_token& stop, absl::Time saved, Stopwatch& watch,
                                  WatchStages& stages) {
    const ChainSource::Work work = {.on_line =
                                        [this](std::string_view line) {
                                          if (flags_.verbose) view_.BuildLine(line);
                                        },
                                    .stop = stop};
    const absl::Status built = source_.Build(work);
    stages.built = watch.Lap();
    absl::StatusOr<BuiltChain> chain = built.ok() ? source_.Collect(work) : built;
    stages.collected = watch.Lap();
    if (stop.stop_requested()) return std::nullopt;
    if (!chain.ok()) {
      view_.BuildFailed(chain.status(), absl::Now() - saved, serves_);
      return std::nullopt;
    }
    view_.Built(absl::Now() - saved);
    for (const std::string& note : chain->notes) {
      if (noted_.insert(note).second) view_.Note(note);
    }
    return *std::move(chain);
  }

  void FollowLogsOf(const std::string& deployment) {
    if (deployment.empty() || (tail_ != nullptr && tail_->deployment() == deployment)) return;
    tail_ = std::make_unique<LogTail>(platform_, view_, deployment);
  }

  void Ask(const v1::Deployment& deployment) {
    const absl::Time begin = absl::Now();
    const TargetFlags target = {.chain = deployment.chain(), .deployment = deployment.id()};
    const absl::StatusOr<HttpAnswer> answer = Post(
        RequestTo(platform_.remote(), PathOfCall(target, "run_remote"), flags_.run, kRunTimeout));
    const absl::Duration took = absl::Now() - begin;
    if (!answer.ok()) return view_.AnswerFailed(answer.status(), took);
    if (answer->status / 100 != 2) return view_.AnswerFailed(ErrorOf(*answer), took);
    view_.Answer(answer->body, took);
  }

  Session& session_;
  PlatformClient& platform_;
  ChainSource& source_;
  const PushFlags& flags_;
  WatchView view_;
  bool serves_ = false;            // some revision has been live; for the round
  std::set<std::string> noted_;    // what was said once; for the round
  std::unique_ptr<LogTail> tail_;  // for the round, and once it ended for Run()
  std::mutex mutex_;
  std::condition_variable_any stopping_;
  std::jthread round_;
};

absl::StatusOr<std::unique_ptr<ChainSource>> OpenUnlessInterrupted(Session& session,
                                                                   const PushFlags& flags) {
  const StopOnInterrupt stop(session);
  return Open(session, flags.path, flags.verbose, stop.token());
}

}  // namespace

int Watch(Session& session, PushFlags flags) {
  flags.watch = true;
  absl::StatusOr<std::string> request = ReadArgument(flags.run, session.terminal().in);
  if (!request.ok()) return session.Usage(MessageOf(request.status()));
  flags.run = *std::move(request);
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  const absl::StatusOr<v1::AboutResponse> about =
      (*platform)->Call(&v1::Platform::About, v1::AboutRequest());
  if (!about.ok()) return session.Fail(about.status());
  NoteInterrupts();
  const absl::StatusOr<std::unique_ptr<ChainSource>> source = OpenUnlessInterrupted(session, flags);
  if (session.world().interrupted()) return kDone;
  if (!source.ok()) return session.Fail(source.status());
  const absl::Status end = Watcher(session, **platform, **source, flags).Run();
  return end.ok() ? kDone : session.Fail(end);
}

}  // namespace chains::deploy::cli
