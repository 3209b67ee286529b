#include "deploy/logs/log_keeper.h"

#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/logs/log_line.h"

namespace chains::deploy {
namespace {

// It is the name of a file as well.
absl::Status CheckDeployment(const std::string& deployment) {
  if (!deployment.empty() && deployment.front() != '.' &&
      deployment.find_first_of(std::string_view("/\0", 2)) == std::string::npos) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(Text("'", deployment, "' is no name of a deployment"));
}

// Whether one of `joined`, which are joined with '+', is `name`.
bool HasName(const std::string& joined, const std::string& name) {
  return !name.empty() && Text("+", joined, "+").find(Text("+", name, "+")) != std::string::npos &&
         name.find('+') == std::string::npos;
}

}  // namespace

struct LogKeeper::Followed {
  Source source;
  OutputFile output;
  std::shared_ptr<KeptLog> log;
  LineSplit split = {};
};

LogKeeper::LogKeeper(Options options) : options_(std::move(options)), watch_(options_.watch) {}

absl::StatusOr<std::unique_ptr<LogKeeper>> LogKeeper::Create(Options options) {
  std::error_code error;
  std::filesystem::create_directory(options.folder, error);
  if (!error) {
    std::filesystem::permissions(options.folder, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return absl::PermissionDeniedError(
        Text("cannot make the folder of logs '", options.folder.string(), "': ", error.message()));
  }
  if (options.now == nullptr) options.now = absl::Now;
  return std::unique_ptr<LogKeeper>(new LogKeeper(std::move(options)));
}

LogKeeper::~LogKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  watch_.Wake();
  if (thread_.joinable()) thread_.join();
  Pump().IgnoreError();  // the position says what is left for the next one
}

void LogKeeper::Start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

void LogKeeper::Run() {
  while (true) {
    Pump().IgnoreError();  // problem() says it; what was not taken stays in the output
    watch_.Wait();
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

absl::Status LogKeeper::Pump() {
  const std::lock_guard pumping(pumping_);
  std::vector<std::shared_ptr<Followed>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, followed] : followed_) all.push_back(followed);
  }
  absl::Status first;
  for (const std::shared_ptr<Followed>& each : all) first.Update(Take(*each));
  const std::lock_guard lock(mutex_);
  problem_ = first;
  return first;
}

absl::Status LogKeeper::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

v1::LogLine LogKeeper::LineOf(const Followed& followed, std::string_view text, absl::Time now) {
  v1::LogLine line = FromOutput(text, now);
  line.set_chain(followed.source.chain);
  line.set_deployment(followed.source.deployment);
  // Several chainlets of one process say which of them it is.
  if (!HasName(followed.source.chainlet, line.chainlet())) {
    line.set_chainlet(followed.source.chainlet);
  }
  line.set_replica(followed.source.replica);
  return line;
}

absl::Status LogKeeper::Take(Followed& followed) {
  while (true) {
    const absl::StatusOr<std::string> bytes = followed.output.Read();
    if (!bytes.ok()) return bytes.status();
    std::vector<v1::LogLine> lines;
    const absl::Time now = options_.now();
    LineSplit split = followed.split;
    const size_t consumed = SplitLines(*bytes, split, [&](std::string_view text) {
      lines.push_back(LineOf(followed, text, now));
    });
    if (consumed == 0) return absl::OkStatus();
    if (absl::Status kept = followed.log->Append(lines); !kept.ok()) return kept;
    followed.split = split;
    if (absl::Status done = followed.output.Consumed(consumed); !done.ok()) return done;
  }
}

// All that is left once Take() is done is a line without its end.
absl::Status LogKeeper::TakeUnfinished(Followed& followed) {
  const absl::StatusOr<std::string> text = followed.output.Read();
  if (!text.ok() || text->empty()) return text.status();
  const v1::LogLine line = LineOf(followed, *text, options_.now());
  if (absl::Status kept = followed.log->Append({line}); !kept.ok()) return kept;
  return followed.output.Consumed(text->size());
}

std::filesystem::path LogKeeper::FileOf(const std::string& deployment) const {
  return options_.folder / (deployment + ".jsonl");
}

absl::StatusOr<std::shared_ptr<KeptLog>> LogKeeper::LogOf(const std::string& deployment) {
  if (absl::Status name = CheckDeployment(deployment); !name.ok()) return name;
  const std::lock_guard lock(mutex_);
  std::weak_ptr<KeptLog>& known = logs_[deployment];
  if (std::shared_ptr<KeptLog> log = known.lock()) return log;
  absl::StatusOr<std::shared_ptr<KeptLog>> log =
      KeptLog::Open(FileOf(deployment), options_.kept_bytes);
  if (log.ok()) known = *log;
  return log;
}

absl::Status LogKeeper::Follow(const std::filesystem::path& output, const Source& source) {
  absl::StatusOr<std::shared_ptr<KeptLog>> log = LogOf(source.deployment);
  if (!log.ok()) return log.status();
  absl::StatusOr<OutputFile> file = OutputFile::Open(output, options_.room);
  if (!file.ok()) return file.status();
  auto followed = std::make_shared<Followed>(
      Followed{.source = source, .output = *std::move(file), .log = *std::move(log)});
  {
    const std::lock_guard lock(mutex_);
    if (!followed_.emplace(output.string(), std::move(followed)).second) {
      return absl::AlreadyExistsError(Text("'", output.string(), "' is followed already"));
    }
  }
  watch_.Add(output);
  watch_.Wake();
  return absl::OkStatus();
}

absl::Status LogKeeper::Unfollow(const std::filesystem::path& output) {
  watch_.Remove(output);
  const std::lock_guard pumping(pumping_);
  std::shared_ptr<Followed> followed;
  {
    const std::lock_guard lock(mutex_);
    const auto found = followed_.find(output.string());
    if (found == followed_.end()) return absl::OkStatus();
    followed = std::move(found->second);
    followed_.erase(found);
  }
  if (absl::Status taken = Take(*followed); !taken.ok()) return taken;
  return TakeUnfinished(*followed);
}

absl::Status LogKeeper::Read(const std::string& deployment, const LogFilter& filter,
                             KeptLog::Each each) {
  if (absl::Status name = CheckDeployment(deployment); !name.ok()) return name;
  if (!std::filesystem::exists(FileOf(deployment))) return absl::OkStatus();
  const absl::StatusOr<std::shared_ptr<KeptLog>> log = LogOf(deployment);
  return log.ok() ? (*log)->Read(filter, each) : log.status();
}

absl::StatusOr<std::unique_ptr<LogSubscription>> LogKeeper::Subscribe(
    const std::string& deployment, const LogFilter& filter, KeptLog::Each past,
    LogSubscription::Ready ready) {
  const absl::StatusOr<std::shared_ptr<KeptLog>> log = LogOf(deployment);
  if (!log.ok()) return log.status();
  return (*log)->Subscribe(filter, past, std::move(ready));
}

absl::Status LogKeeper::Remove(const std::string& deployment) {
  if (absl::Status name = CheckDeployment(deployment); !name.ok()) return name;
  const std::lock_guard lock(mutex_);
  logs_.erase(deployment);
  for (const char* suffix : {"", ".1"}) {
    std::error_code error;
    std::filesystem::remove(FileOf(deployment).string() + suffix, error);
    if (error) {
      return absl::InternalError(Text("cannot remove the log of '", deployment, "' in '",
                                      options_.folder.string(), "': ", error.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace chains::deploy
