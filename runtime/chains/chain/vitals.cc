#include "chains/chain/vitals.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fcntl.h>
#include <optional>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "chains/core/text.h"

namespace chains::internal {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = uint64_t{1} << 20;
// What is to be left, at least: of descriptors for what a call opens, of memory and disk for what
// is under way.
constexpr uint64_t kSpareDescriptors = 32;
constexpr uint64_t kSpareThreads = 4;
constexpr uint64_t kSpareMemory = 16 * kMiB;
constexpr uint64_t kSpareDisk = 16 * kMiB;
// … and of all there is, in hundredths.
constexpr uint64_t kSpareShare = 3;

// Twice what LookAgainIn() promises of a process that fills 1 GiB a second.
constexpr double kFillPerSecond = 2048.0 * kMiB;
constexpr absl::Duration kSoonest = absl::Milliseconds(10);
constexpr absl::Duration kNear = absl::Milliseconds(100);
constexpr double kKeptPerSecond = 0.5;

// What it begins with: those files are small. Read up to a hundred times a second, so plainly.
std::string ReadAll(const fs::path& path) {
  std::string text(8192, 0);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return "";
  const ssize_t size = read(file, text.data(), text.size());
  close(file);
  text.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return text;
}

// The number that it begins with; nullopt: "max", or nothing.
std::optional<uint64_t> NumberIn(std::string_view text) {
  uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc()) return std::nullopt;
  return number;
}

// The number behind a name at the beginning of a line.
uint64_t NumberOf(const std::string& text, const std::string& name) {
  size_t at = text.starts_with(name) ? 0 : text.find("\n" + name);
  if (at == text.npos) return 0;
  at = text.find_first_of("0123456789", at + name.size());
  return at == text.npos ? 0 : NumberIn(std::string_view(text).substr(at)).value_or(0);
}

Vital OfGroup(const fs::path& group, const std::string& kind) {
  Vital vital;
  vital.used = NumberIn(ReadAll(group / (kind + ".current"))).value_or(0);
  vital.of = NumberIn(ReadAll(group / (kind + ".max"))).value_or(0);
  return vital;
}

uint64_t LimitOf(decltype(RLIMIT_NOFILE) which) {
  rlimit limit{};
  if (getrlimit(which, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  return limit.rlim_cur;
}

// A new descriptor is the lowest that is free, so there are at least as many as its number. Out of
// them: all.
Vital Descriptors() {
  Vital vital;
  vital.of = LimitOf(RLIMIT_NOFILE);
  const int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
  vital.used = lowest < 0 ? vital.of : static_cast<uint64_t>(lowest);
  if (lowest >= 0) close(lowest);
  return vital;
}

// Whether the system gives one more.
bool StartsThreads() {
  pthread_t thread{};
  if (pthread_create(
          &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr) != 0) {
    return false;
  }
  pthread_join(thread, nullptr);
  return true;
}

fs::path GroupOf(const fs::path& cgroup_file, const fs::path& cgroups) {
  const std::string text = ReadAll(cgroup_file);
  constexpr std::string_view kUnified = "0::/";
  const size_t at = text.starts_with(kUnified) ? 0 : text.find("\n0::/");
  if (at == text.npos) return {};
  const size_t begin = text.find("0::/", at) + kUnified.size();
  fs::path group = cgroups / text.substr(begin, text.find('\n', begin) - begin);
  std::error_code error;
  return fs::exists(group / "memory.current", error) ? group : fs::path();
}

std::string Shown(const Vital& vital, uint64_t unit, std::string_view what) {
  return Text(vital.used / unit, " of ", vital.of / unit, what);
}

}  // namespace

VitalsReader::VitalsReader(Options options)
    : options_(std::move(options)), group_(GroupOf(options_.cgroup_file, options_.cgroups)) {}

// What the kernel keeps of files it gives up when somebody needs memory.
Vital VitalsReader::Memory() const {
  if (!group_.empty()) {
    Vital memory = OfGroup(group_, "memory");
    const std::string stat = ReadAll(group_ / "memory.stat");
    for (const char* cached : {"active_file", "inactive_file", "slab_reclaimable"}) {
      memory.used -= std::min(memory.used, NumberOf(stat, cached));
    }
    if (memory.of != 0) return memory;
  }
  Vital data;
  data.of = LimitOf(RLIMIT_DATA);
  if (data.of != 0) data.used = NumberOf(ReadAll("/proc/self/status"), "VmData:") * 1024;
  return data;
}

Vitals VitalsReader::Read() const {
  Vitals vitals;
  vitals.descriptors = Descriptors();
  vitals.memory = Memory();
  if (!group_.empty()) vitals.threads = OfGroup(group_, "pids");
  vitals.starts_threads = StartsThreads();
  uint64_t least = UINT64_MAX;
  for (const fs::path& folder : options_.disks) {
    struct statvfs about {};
    if (statvfs(folder.c_str(), &about) != 0 || about.f_blocks == 0) continue;
    const uint64_t room = uint64_t{about.f_bavail} * about.f_frsize;
    if (room >= least) continue;
    least = room;
    vitals.disk.of = uint64_t{about.f_blocks} * about.f_frsize;
    vitals.disk.used = vitals.disk.of - std::min(room, vitals.disk.of);
    vitals.disk_of = folder;
  }
  return vitals;
}

absl::Duration LookAgainIn(const Vital& memory) {
  if (memory.of == 0) return absl::InfiniteDuration();
  const uint64_t room = memory.of - std::min(memory.used, memory.of);
  return std::max(absl::Seconds(static_cast<double>(room) / kFillPerSecond), kSoonest);
}

uint64_t MemoryGrowth::Saw(uint64_t used, absl::Time now) {
  const absl::Duration since = now - looked_;
  most_ *= std::pow(kKeptPerSecond, absl::ToDoubleSeconds(since));
  if (since <= kNear && used > used_) most_ = std::max(most_, static_cast<double>(used - used_));
  used_ = used;
  looked_ = now;
  return static_cast<uint64_t>(most_);
}

// The reserve is small beside what a small process has in all. Room for growth is asked for twice:
// for what was admitted before this look, and for what will be before the next.
bool VitalsJudge::UsedUp(size_t which, const Vital& vital, uint64_t reserve, uint64_t growth) {
  bool& was = was_used_up_[which];
  if (vital.of == 0) return was = false;
  uint64_t spare = std::max(std::min(reserve, vital.of / 8), vital.of / 100 * kSpareShare);
  if (which == 3)
    spare = std::min(reserve, vital.of / 8);  // a large disk has room in its hundredth
  spare = std::max(spare, 2 * std::min(growth, vital.of / 8));
  if (was) spare *= 2;
  return was = vital.used + spare >= vital.of;
}

Judgement VitalsJudge::Judge(const Vitals& vitals) {
  const bool descriptors = UsedUp(0, vitals.descriptors, kSpareDescriptors);
  const bool threads = UsedUp(1, vitals.threads, kSpareThreads);
  const bool memory = UsedUp(2, vitals.memory, kSpareMemory, vitals.memory_growth);
  const bool disk = UsedUp(3, vitals.disk, kSpareDisk);
  Judgement found;
  if (memory) {
    const uint64_t growth = vitals.memory_growth / kMiB;
    found.fit = absl::ResourceExhaustedError(
        Text("memory: ", Shown(vitals.memory, kMiB, " MiB are used"),
             growth == 0 ? "" : Text(", and lately it grew by ", growth, " at once"),
             "; declare more, Resources{.memory}, or a smaller limit of calls"));
  } else if (disk) {
    found.fit =
        absl::ResourceExhaustedError(Text("disk: ", Shown(vitals.disk, kMiB, " MiB are used"),
                                          " where ", vitals.disk_of, " is; make room there"));
  }
  if (descriptors) {
    found.strained = absl::ResourceExhaustedError(
        Text("file descriptors: ", Shown(vitals.descriptors, 1, " are used"),
             "; raise the limit (ulimit -n), or close what is not needed"));
  } else if (!vitals.starts_threads) {
    found.strained =
        absl::ResourceExhaustedError("threads: the system starts no more (ulimit -u, pids.max)");
  } else if (threads) {
    found.strained = absl::ResourceExhaustedError(
        Text("threads: ", Shown(vitals.threads, 1, " of its cgroup are used")));
  }
  return found;
}

}  // namespace chains::internal
