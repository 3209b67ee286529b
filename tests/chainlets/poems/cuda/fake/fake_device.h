// A device that is a processor's thread: it runs the kernels of chainlets/poems/phi/cuda, whose
// sources are compiled as C++ for this, thread by thread and block by block.
//
//   fake::Submit(stream, [] { fake::RunGrid(blocks, threads, shared_bytes, [] { Kernel(…); }); });
//
// What it finds: wrong arithmetic, indices, strides and sizes; reads and writes behind the end of
// memory (a page without access follows each allocation); reads of memory that was never written
// (it holds NaN); barriers that are missing (threads run forwards in one launch, backwards in the
// next). What it cannot find: races within a warp, wrong alignment, limits of real devices, and
// speed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cuda_runtime_api.h>
#include <functional>

namespace fake {

// What the test sets before a backend is made.
struct Device {
  int count = 1;
  int major = 8;
  int minor = 6;
  int multiprocessors = 2;
  int64_t memory = int64_t{1} << 30;
  int driver = 13000;
  // Calls of cudaMalloc that succeed before one does not; negative: all do.
  int mallocs_until_failure = -1;
  // Launches that succeed before one does not; negative: all do.
  int launches_until_failure = -1;
  // How many algorithms of the matrix product sum in another order for other numbers of rows, or
  // for other places of a row; the heuristic proposes them first.
  int algorithms_that_split = 0;
  int algorithms_that_mix_rows = 0;
};
Device& device();

// What happened since the process began.
struct Counts {
  int64_t bytes = 0;  // of memory that is allocated now, device and pinned
  int graphs = 0;     // captured
  int graph_launches = 0;
  int kernels = 0;   // launched, also while capturing
  int products = 0;  // run
  int syncs_that_spin = 0;
};
Counts& counts();

// A thread of the running kernel.
struct Place {
  uint3 thread = {};
  uint3 block = {};
  dim3 threads;
  dim3 blocks;
};
const Place& here();
void* SharedMemory();
void BlockBarrier();
// What the lane at `index` of this warp gives; every lane of the warp calls it.
uint64_t Exchange(uint64_t mine, int index);
void WarpBarrier();

// At once, or when the graph that is being captured runs.
void Submit(cudaStream_t stream, std::function<void()> work);
// Calls `thread` once for each.
void RunGrid(dim3 blocks, int threads, int64_t shared_bytes, const std::function<void()>& thread);
// False after cudaErrorInvalidConfiguration was noted.
bool CheckLaunch(dim3 blocks, int threads, int64_t shared_bytes);

}  // namespace fake
