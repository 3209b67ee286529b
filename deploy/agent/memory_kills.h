// MemoryKills: how often the kernel ended a process of this container because its memory was used
// up.
//
//   const int64_t before = MemoryKills();
//   …                                              // the program was killed
//   if (MemoryKills() > before) …                  // that is why
#pragma once

#include <cstdint>
#include <filesystem>

namespace chains::deploy {

// From the control group that this process sees as its own: "oom_kill" of memory.events (version 2)
// or of memory.oom_control (version 1). 0 where neither can be read. `proc` and `mount` are others
// in tests. Reads a small file of the kernel's.
int64_t MemoryKills(const std::filesystem::path& proc = "/proc/self/cgroup",
                    const std::filesystem::path& mount = "/sys/fs/cgroup");

}  // namespace chains::deploy
