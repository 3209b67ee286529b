// Bundles for tests.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "chains/v1/bundle.pb.h"
#include "deploy/bundle/digest.h"

namespace chains::deploy {

inline void AddFile(v1::Bundle& bundle, std::string_view path, std::string_view content,
                    bool executable = false) {
  v1::BundleFile& file = *bundle.add_files();
  file.set_path(std::string(path));
  file.set_sha256(Sha256Of(content));
  file.set_size(content.size());
  file.set_executable(executable);
  std::sort(bundle.mutable_files()->begin(), bundle.mutable_files()->end(),
            [](const v1::BundleFile& a, const v1::BundleFile& b) { return a.path() < b.path(); });
}

// A bundle of the chain hello, whose program has this content; no other file.
inline v1::Bundle HelloBundle(std::string_view program) {
  v1::Bundle bundle;
  bundle.mutable_manifest()->set_chain("hello");
  bundle.mutable_manifest()->set_entrypoint("hello.HelloAll");
  bundle.mutable_manifest()->add_chainlets()->set_name("hello.HelloAll");
  bundle.mutable_manifest()->add_chainlets()->set_name("hello.SayHello");
  bundle.set_program("hello");
  AddFile(bundle, "hello", program, true);
  return bundle;
}

}  // namespace chains::deploy
