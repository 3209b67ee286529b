// What the GPU module of the poems exports, by the name below: how a Backend is made and ended.
//
//   const auto* made_by = static_cast<const BackendExport*>(module->find(kBackendExport));
//   Backend* backend = made_by->make(&shape, &weights, &options, &error);   // null: error says why
//   …
//   made_by->destroy(backend);
//
// Plain, so that program and module may come from different compilers; what the module allocated it
// frees. Programs use module_backend.h.
#pragma once

#include "phi/backend.h"

namespace poems::phi::cuda {

// Carries the version of this file and of backend.h.
inline constexpr char kBackendExport[] = "poems.phi.backend/1";

struct BackendExport {
  // What is pointed to may go when it returns. Blocks for seconds. Throws nothing.
  Backend* (*make)(const Shape* shape, const Weights* weights, const BackendOptions* options,
                   BackendError* error) = nullptr;
  void (*destroy)(Backend* backend) = nullptr;
};

}  // namespace poems::phi::cuda
