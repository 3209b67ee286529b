// Chain: the chainlets of a program, what each of them needs, and which one the world calls.
//
//   int main(int argc, char** argv) {
//     chains::Chain chain("hello");
//     chain.Add<hello::Polite>();
//     chain.Add<hello::Greeter>(chains::Needs<hello::SayHello>{.attempts = 3}).Entrypoint();
//     return chain.Main(argc, argv);
//   }
//
// Where a chainlet runs is decided when the chain is deployed, never here. What the compiler cannot
// see is checked before anything starts, and all problems are shown together.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "chains/chain/declaration.h"
#include "chains/chain/soft.h"
#include "chains/chain/source_location.h"
#include "chains/chain/spec.h"
#include "chains/chains.h"

namespace chains {

// The chainlet that Add just declared.
class Added {
 public:
  Added(internal::ChainSpec& chain, size_t index) : chain_(chain), index_(index) {}
  // Makes it the one that the world calls. Exactly one chainlet of a chain is.
  void Entrypoint() { chain_.chainlets[index_].entrypoint = true; }

 private:
  internal::ChainSpec& chain_;
  size_t index_;
};

class Chain {
 public:
  explicit Chain(std::string name, SourceLocation where = SourceLocation::Current());

  // Adds the chainlet that I implements. Arguments, in any order: Needs<T>…, Softly(Needs<T>)… and
  // Shared<T>…, which in this order are the arguments of I's constructor (T&, Soft<T>&), and
  // Resources, Autoscaling, Limits, Settings. The constructor may take, last, a const
  // DeploymentContext&.
  template <typename I>
  Added Add(SourceLocation where = SourceLocation::Current());
  template <typename I, typename A>
  Added Add(A a, SourceLocation where = SourceLocation::Current());
  template <typename I, typename A, typename B>
  Added Add(A a, B b, SourceLocation where = SourceLocation::Current());
  template <typename I, typename A, typename B, typename C>
  Added Add(A a, B b, C c, SourceLocation where = SourceLocation::Current());
  template <typename I, typename A, typename B, typename C, typename D>
  Added Add(A a, B b, C c, D d, SourceLocation where = SourceLocation::Current());
  template <typename I, typename A, typename B, typename C, typename D, typename E>
  Added Add(A a, B b, C c, D d, E e, SourceLocation where = SourceLocation::Current());
  template <typename I, typename A, typename B, typename C, typename D, typename E, typename F>
  Added Add(A a, B b, C c, D d, E e, F f, SourceLocation where = SourceLocation::Current());

  // Declares the contract T without an implementation: it can be described and depended on, and
  // runs elsewhere, or is a fake's place.
  template <typename T>
  Added Declare(SourceLocation where = SourceLocation::Current());
  template <typename T>
  Added Declare(Resources resources, SourceLocation where = SourceLocation::Current());

  // Lets the command line decide: describes, runs or serves the chain. Answers the exit code.
  // Links with chains::main.
  int Main(int argc, char** argv) const;

  const internal::ChainSpec& spec() const { return spec_; }

 private:
  internal::ChainSpec spec_;
};

}  // namespace chains

#include "chains/chain/chain_inl.h"
