// GPU modules in bundles: which files they are, what they need, and whether one is missing.
//
//   if (absl::Status status = CheckGpuModules(bundle); !status.ok()) return status;
//
// A module lies beside the program, in its folder and in the bundle. Its libraries are carried as
// the program's are, but not those of NVIDIA's driver, which belong to the machine, nor CUDA's
// (cuBLAS and cuDNN have more than a gigabyte), which are on the base image of GPU machines.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/v1/bundle.pb.h"

namespace chains::deploy {

// The path of a chainlet's module in a bundle: "poems_cuda.so"; empty: it has none.
std::string GpuModulePath(const v1::Chainlet& chainlet);

// Its module among the files of the bundle; null: it declares none, or it is missing.
const v1::BundleFile* FindGpuModule(const v1::Bundle& bundle, const v1::Chainlet& chainlet);

// INVALID_ARGUMENT: a chainlet that cannot do without its GPU module has none in the bundle. Pure.
absl::Status CheckGpuModules(const v1::Bundle& bundle);

// Whether a library of this name comes with NVIDIA's driver or with CUDA.
bool IsOfCuda(std::string_view name);

// What ldd(1) printed, without the lines of CUDA's libraries, whose names are added to `left_out`.
std::string WithoutCuda(std::string_view ldd_output, std::vector<std::string>& left_out);

// The modules that the manifest declares: path in the bundle → file beside `program`. Says in
// `notes` which of them are missing where chainlets may run on CPUs; FAILED_PRECONDITION: another
// is missing, which, where it was looked for, and what to do.
absl::StatusOr<std::map<std::string, std::string>> FindGpuModules(const v1::Manifest& manifest,
                                                                  const std::string& program,
                                                                  std::vector<std::string>& notes);

}  // namespace chains::deploy
