// FaultyDisk: lets SQLite's writes fail in this process, from a chosen one on.
//
//   FaultyDisk disk;                 // all is well
//   disk.FillAfter(3);               // three more writes succeed, then there is no room
//   disk.Recover();
//   disk.DieAfter(3);                // three more operations, half of one, and nothing any more
//
// Stands between SQLite and the file system, for whatever is opened while it lives. One at a time.
#pragma once

#include <sqlite3.h>

namespace chains::deploy {

class FaultyDisk {
 public:
  FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;
  ~FaultyDisk();

  void FillAfter(int writes);
  // Counts writes, syncs, truncations and deletions of files.
  void DieAfter(int operations);
  void Recover();
  // Whether anything has failed since the last of the above.
  bool failed() const;

 private:
  sqlite3_vfs vfs_;
};

}  // namespace chains::deploy
