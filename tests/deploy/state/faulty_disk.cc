#include "tests/deploy/state/faulty_disk.h"

#include <map>
#include <memory>

namespace chains::deploy {
namespace {

enum class Mode { kWell, kFull, kDead };

struct Disk {
  Mode mode = Mode::kWell;
  int left = 0;  // operations that still succeed
  bool failed = false;

  // Whether the next operation is to fail.
  bool Fails(bool takes_room) {
    if (mode == Mode::kWell || (mode == Mode::kFull && !takes_room)) return false;
    if (left-- > 0) return false;
    failed = true;
    return true;
  }
};
Disk disk;
sqlite3_vfs* system_vfs = nullptr;

// SQLite's own methods of a file with some of ours in front; a file points to `ours`.
struct Methods {
  sqlite3_io_methods ours;  // the first member: found by its address
  const sqlite3_io_methods* real;
};
std::map<const sqlite3_io_methods*, std::unique_ptr<Methods>> all_methods;

const sqlite3_io_methods* Real(sqlite3_file* file) {
  return reinterpret_cast<const Methods*>(file->pMethods)->real;
}

int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  if (!disk.Fails(true)) return Real(file)->xWrite(file, data, size, at);
  if (disk.mode == Mode::kFull) return SQLITE_FULL;
  if (disk.left == -1) Real(file)->xWrite(file, data, size / 2, at);
  return SQLITE_IOERR_WRITE;
}

int Sync(sqlite3_file* file, int flags) {
  return disk.Fails(false) ? SQLITE_IOERR_FSYNC : Real(file)->xSync(file, flags);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return disk.Fails(false) ? SQLITE_IOERR_TRUNCATE : Real(file)->xTruncate(file, size);
}

int Open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* got) {
  const int result = system_vfs->xOpen(system_vfs, name, file, flags, got);
  if (file->pMethods == nullptr) return result;
  std::unique_ptr<Methods>& methods = all_methods[file->pMethods];
  if (methods == nullptr) {
    methods = std::make_unique<Methods>(Methods{*file->pMethods, file->pMethods});
    methods->ours.xWrite = Write;
    methods->ours.xSync = Sync;
    methods->ours.xTruncate = Truncate;
  }
  file->pMethods = &methods->ours;
  return result;
}

int Delete(sqlite3_vfs*, const char* name, int sync) {
  return disk.Fails(false) ? SQLITE_IOERR_DELETE : system_vfs->xDelete(system_vfs, name, sync);
}

}  // namespace

FaultyDisk::FaultyDisk() {
  system_vfs = sqlite3_vfs_find(nullptr);
  vfs_ = *system_vfs;
  vfs_.zName = "faulty";
  vfs_.xOpen = Open;
  vfs_.xDelete = Delete;
  sqlite3_vfs_register(&vfs_, 1);
  Recover();
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(system_vfs, 1);
}

void FaultyDisk::FillAfter(int writes) { disk = {.mode = Mode::kFull, .left = writes}; }
void FaultyDisk::DieAfter(int operations) { disk = {.mode = Mode::kDead, .left = operations}; }
void FaultyDisk::Recover() { disk = {}; }
bool FaultyDisk::failed() const { return disk.failed; }

}  // namespace chains::deploy
