#include "chains/core/hardening.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "chains/core/text.h"

namespace chains::internal {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArchitecture = 0;
#endif
// Calls with 32-bit pointers on x86-64 have this bit, and other numbers than those below.
constexpr uint32_t kX32 = 0x40000000;

// Those that containers are refused as well by Docker's default profile, as far as an ordinary user
// could do harm with them or a process of root's could.
constexpr std::array<int, 32> kRefused = {
    SYS_acct,
    SYS_add_key,
    SYS_bpf,
    SYS_chroot,
    SYS_clock_settime,
    SYS_delete_module,
    SYS_finit_module,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fsopen,
    SYS_init_module,
    SYS_io_uring_setup,
    SYS_kcmp,
    SYS_kexec_load,
    SYS_keyctl,
    SYS_mount,
    SYS_move_mount,
    SYS_open_by_handle_at,
    SYS_open_tree,
    SYS_perf_event_open,
    SYS_pivot_root,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_ptrace,
    SYS_quotactl,
    SYS_reboot,
    SYS_request_key,
    SYS_setns,
    SYS_settimeofday,
    SYS_swapon,
    SYS_umount2,
    SYS_unshare,
};

constexpr sock_filter Statement(uint16_t code, uint32_t value) {
  return {.code = code, .jt = 0, .jf = 0, .k = value};
}
// Leads `steps` further where what was loaded is `value` (or has it, for BPF_JGE), else on.
constexpr sock_filter Jump(uint16_t code, uint32_t value, uint8_t yes, uint8_t no) {
  return {.code = code, .jt = yes, .jf = no, .k = value};
}

// Four steps before the comparisons, one for each of them, two after.
constexpr auto MakeFilter() {
  constexpr size_t kCount = kRefused.size();
  std::array<sock_filter, kCount + 6> steps{};
  constexpr uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
  constexpr uint16_t kIs = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr uint16_t kReturn = BPF_RET | BPF_K;
  constexpr size_t kRefuse = kCount + 5;
  const auto to_refuse = [](size_t from) { return static_cast<uint8_t>(kRefuse - from - 1); };
  size_t at = 0;
  steps[at++] = Statement(kLoad, offsetof(seccomp_data, arch));
  steps[at] = Jump(kIs, kArchitecture, 0, to_refuse(at));
  ++at;
  steps[at++] = Statement(kLoad, offsetof(seccomp_data, nr));
  steps[at] = Jump(BPF_JMP | BPF_JGE | BPF_K, kX32, to_refuse(at), 0);
  ++at;
  for (const int call : kRefused) {
    steps[at] = Jump(kIs, static_cast<uint32_t>(call), to_refuse(at), 0);
    ++at;
  }
  steps[at++] = Statement(kReturn, SECCOMP_RET_ALLOW);
  steps[at++] = Statement(kReturn, SECCOMP_RET_ERRNO | EPERM);
  return steps;
}
constexpr auto kFilter = MakeFilter();

absl::Status NotPermitted(std::string_view what) {
  return absl::PermissionDeniedError(Text(what, ": ", std::strerror(errno)));
}

}  // namespace

bool HardeningIsOn(bool by_default) {
  if (kSanitized) return false;
  const char* const said = std::getenv("CHAINS_HARDENING");
  if (said == nullptr) return by_default;
  return std::string_view(said) != "off";
}

absl::Status KeepOutOfCores() {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return NotPermitted("cores cannot be turned off");
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return NotPermitted("memory cannot be hidden");
  return absl::OkStatus();
}

absl::Status GainNoPrivileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return NotPermitted("no_new_privs");
  return absl::OkStatus();
}

absl::Status RefuseDangerousCalls() {
  if (kArchitecture == 0) {
    return absl::PermissionDeniedError("seccomp: the filter is for x86-64 and ARM64");
  }
  std::array<sock_filter, kFilter.size()> steps = kFilter;
  const sock_fprog program{.len = static_cast<unsigned short>(steps.size()),
                           .filter = steps.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
    return NotPermitted("seccomp");
  }
  return absl::OkStatus();
}

std::vector<std::string> Harden() {
  std::vector<std::string> left_out;
  for (const absl::Status& done : {KeepOutOfCores(), GainNoPrivileges(), RefuseDangerousCalls()}) {
    if (!done.ok()) left_out.emplace_back(MessageOf(done));
  }
  return left_out;
}

}  // namespace chains::internal
