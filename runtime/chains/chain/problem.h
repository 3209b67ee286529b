// Problem: a mistake in how a chain is declared. All of a chain's are shown together.
#pragma once

#include <string>
#include <vector>

namespace chains::internal {

struct ChainSpec;

struct Problem {
  std::string file;      // "main.cc" or "hello.proto"
  int line = 0;
  std::string chainlet;  // "hello.SayHello", or the chain's name
  std::string kind;      // "dependency", "resources", "entrypoint", …
  std::string message;   // what is wrong and what to do
};

// What must hold for the chain to be described: everything but missing implementations. In the
// order of their lines.
std::vector<Problem> Validate(const ChainSpec& chain);

// What must hold to run `served` (all chainlets when empty) here besides: each is part of the chain
// and implemented.
std::vector<Problem> ValidateServed(const ChainSpec& chain, const std::vector<std::string>& served);

// "main.cc:12: hello.SayHello: resources: cpus is -1; …", a line each.
std::string ProblemText(const std::vector<Problem>& problems);

}  // namespace chains::internal
