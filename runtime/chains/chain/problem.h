// Problem: a mistake in how a chain is declared. All of a chain's are shown together.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "chains/chain/source_location.h"

namespace chains::internal {

struct ChainSpec;

struct Problem {
  std::string file;  // "main.cc"
  int line = 0;
  std::string chainlet;  // "hello.SayHello", or the chain's name
  std::string kind;      // "dependency", "resources", "entrypoint", …
  std::string message;   // what is wrong; what to do
};

// What a process has beside the chain.
struct Given {
  std::vector<std::string> fakes = {};             // contracts that something else stands for
  std::map<std::string, std::string> assets = {};  // name → path, instead of the declared source
};

// What must hold for the chain to be described: everything but missing implementations. In the
// order of their lines.
std::vector<Problem> Validate(const ChainSpec& chain, const Given& given = {});

// What must hold to run `served` here (contracts, or their last part; empty: all): each is part of
// the chain and implemented, has its files, and the rest of the chain can be described.
std::vector<Problem> ValidateServed(const ChainSpec& chain, const std::vector<std::string>& served,
                                    const Given& given = {});

// "main.cc:12: hello.SayHello: resources: cpus is -1; …", a line each.
std::string ProblemText(const std::vector<Problem>& problems);

// "main.cc:12".
std::string PlaceText(const SourceLocation& where);

}  // namespace chains::internal
