// CodeDigests: which code each chainlet is made of, so that an edit of one leaves the processes of
// the others alone.
//
//   absl::StatusOr<std::vector<v1::ChainletCode>> code = CodeDigests(marker, manifest, cache);
//
// An object file belongs to a chainlet when the class that implements it needs it: the object that
// defines the class's virtual table, those that define what this one leaves undefined, and so on.
// So a chainlet in a source file of its own has a digest of its own.
#pragma once

#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/v1/bundle.pb.h"
#include "chains/v1/manifest.pb.h"
#include "deploy/build/marker.h"
#include "deploy/bundle/digest.h"

namespace chains::deploy {

// In the manifest's order. The digest is over the objects that a chainlet needs, those of the
// program itself (main.cc builds it and sets its options) and the libraries that the program links.
// What cannot be told apart is taken for needed: all objects, where the class's table is not found
// (a template, link-time optimization). Chainlets without an implementation here have the digest of
// the rest. Runs nm(1). Errors name the file.
absl::StatusOr<std::vector<v1::ChainletCode>> CodeDigests(const Marker& marker,
                                                          const v1::Manifest& manifest,
                                                          DigestCache& digests,
                                                          std::stop_token stop = {});

// What an object file defines for others, and what it needs of them.
struct Symbols {
  std::set<std::string> defined;
  std::set<std::string> weak;  // of `defined`: others may define the same
  std::set<std::string> undefined;
};

// What `nm --format=posix FILE…` printed: path of the object → its symbols.
std::map<std::string, Symbols> SymbolsInNm(std::string_view output, const std::string& only_file);

// The virtual table of a class by its name in C++: "hello::Polite" → "_ZTVN5hello6PoliteE". Empty
// where that cannot be told from the name.
std::string VirtualTableOf(std::string_view class_name);

// The objects that the class with this virtual table needs; all of them where no object has it.
// Pure.
std::set<std::string> ObjectsOf(const std::string& virtual_table,
                                const std::map<std::string, Symbols>& objects);

}  // namespace chains::deploy
