// Loaded before a program's libraries (LD_PRELOAD), it ends the program at one of its changes of
// files, as if the power went. CHAINS_CUT=N: at the N-th, which does not happen; CHAINS_CUT_TEAR=1:
// and of which, where it writes bytes, the first half does. CHAINS_CUT=0 counts only.
// CHAINS_CUT_COUNT=FILE is written at the end of a program that ends by itself: how many there
// were.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

std::atomic<uint64_t> changes{0};

uint64_t FromEnvironment(const char* name) {
  const char* const text = getenv(name);
  return text == nullptr ? 0 : strtoull(text, nullptr, 10);
}

// What the name means to the libraries that come after this one.
template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool IsTheOne() {
  static const uint64_t cut = FromEnvironment("CHAINS_CUT");
  return changes.fetch_add(1, std::memory_order_relaxed) + 1 == cut;
}

void End() {
  kill(getpid(), SIGKILL);
  while (true) pause();
}

void Change() {
  if (IsTheOne()) End();
}

bool IsFile(int descriptor) {
  struct stat found {};
  return fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode);
}

// `write_half` writes the first half.
template <typename WriteHalf>
void ChangeBytes(int descriptor, WriteHalf write_half) {
  if (!IsFile(descriptor) || !IsTheOne()) return;
  if (FromEnvironment("CHAINS_CUT_TEAR") != 0) write_half();
  End();
}

mode_t ModeOf(int flags, va_list more) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
}

bool Changes(int flags) { return (flags & (O_CREAT | O_TRUNC)) != 0; }
bool Changes(const char* mode) { return mode[0] == 'w' || mode[0] == 'a'; }

[[gnu::destructor]] void SayHowMany() {
  const char* const file = getenv("CHAINS_CUT_COUNT");
  if (file == nullptr) return;
  const std::string text = std::to_string(changes.load());
  const int opened = Next<int(const char*, int, ...)>("open")(file, O_WRONLY | O_CREAT, 0600);
  if (opened < 0) return;
  if (Next<ssize_t(int, const void*, size_t)>("write")(opened, text.data(), text.size()) < 0) {
    std::perror(file);
  }
  close(opened);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  static auto* const next = Next<int(const char*, int, ...)>("open");
  va_list more;
  va_start(more, flags);
  const mode_t mode = ModeOf(flags, more);
  va_end(more);
  if (Changes(flags)) Change();
  return next(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  static auto* const next = Next<int(const char*, int, ...)>("open64");
  va_list more;
  va_start(more, flags);
  const mode_t mode = ModeOf(flags, more);
  va_end(more);
  if (Changes(flags)) Change();
  return next(path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  static auto* const next = Next<int(int, const char*, int, ...)>("openat");
  va_list more;
  va_start(more, flags);
  const mode_t mode = ModeOf(flags, more);
  va_end(more);
  if (Changes(flags)) Change();
  return next(folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
  static auto* const next = Next<int(int, const char*, int, ...)>("openat64");
  va_list more;
  va_start(more, flags);
  const mode_t mode = ModeOf(flags, more);
  va_end(more);
  if (Changes(flags)) Change();
  return next(folder, path, flags, mode);
}
FILE* fopen(const char* path, const char* mode) {
  static auto* const next = Next<FILE*(const char*, const char*)>("fopen");
  if (Changes(mode)) Change();
  return next(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  static auto* const next = Next<FILE*(const char*, const char*)>("fopen64");
  if (Changes(mode)) Change();
  return next(path, mode);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static auto* const next = Next<ssize_t(int, const void*, size_t)>("write");
  ChangeBytes(descriptor, [&] { (void)!next(descriptor, bytes, size / 2); });
  return next(descriptor, bytes, size);
}
ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t at) {
  static auto* const next = Next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  ChangeBytes(descriptor, [&] { (void)!next(descriptor, bytes, size / 2, at); });
  return next(descriptor, bytes, size, at);
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t at) {
  static auto* const next = Next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  ChangeBytes(descriptor, [&] { (void)!next(descriptor, bytes, size / 2, at); });
  return next(descriptor, bytes, size, at);
}
ssize_t writev(int descriptor, const iovec* parts, int count) {
  static auto* const next = Next<ssize_t(int, const iovec*, int)>("writev");
  ChangeBytes(descriptor, [&] { (void)!next(descriptor, parts, count / 2); });
  return next(descriptor, parts, count);
}

int fsync(int descriptor) {
  static auto* const next = Next<int(int)>("fsync");
  Change();
  return next(descriptor);
}
int fdatasync(int descriptor) {
  static auto* const next = Next<int(int)>("fdatasync");
  Change();
  return next(descriptor);
}
int ftruncate(int descriptor, off_t size) noexcept {
  static auto* const next = Next<int(int, off_t)>("ftruncate");
  Change();
  return next(descriptor, size);
}
int ftruncate64(int descriptor, off64_t size) noexcept {
  static auto* const next = Next<int(int, off64_t)>("ftruncate64");
  Change();
  return next(descriptor, size);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const next = Next<int(const char*, const char*)>("rename");
  Change();
  return next(from, to);
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) noexcept {
  static auto* const next = Next<int(int, const char*, int, const char*, unsigned)>("renameat2");
  Change();
  return next(from_folder, from, to_folder, to, flags);
}
int link(const char* from, const char* to) noexcept {
  static auto* const next = Next<int(const char*, const char*)>("link");
  Change();
  return next(from, to);
}
int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  static auto* const next = Next<int(int, const char*, int, const char*, int)>("linkat");
  Change();
  return next(from_folder, from, to_folder, to, flags);
}
int symlink(const char* to, const char* path) noexcept {
  static auto* const next = Next<int(const char*, const char*)>("symlink");
  Change();
  return next(to, path);
}
int unlink(const char* path) noexcept {
  static auto* const next = Next<int(const char*)>("unlink");
  Change();
  return next(path);
}
int unlinkat(int folder, const char* path, int flags) noexcept {
  static auto* const next = Next<int(int, const char*, int)>("unlinkat");
  Change();
  return next(folder, path, flags);
}
int remove(const char* path) noexcept {
  static auto* const next = Next<int(const char*)>("remove");
  Change();
  return next(path);
}
int rmdir(const char* path) noexcept {
  static auto* const next = Next<int(const char*)>("rmdir");
  Change();
  return next(path);
}
int mkdir(const char* path, mode_t mode) noexcept {
  static auto* const next = Next<int(const char*, mode_t)>("mkdir");
  Change();
  return next(path, mode);
}
int mkdirat(int folder, const char* path, mode_t mode) noexcept {
  static auto* const next = Next<int(int, const char*, mode_t)>("mkdirat");
  Change();
  return next(folder, path, mode);
}

}  // extern "C"
