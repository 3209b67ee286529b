// The chain, as a program declares it whose requests are made into tests.
#include "chains/chain/chain.h"
#include "hello_chain.h"

namespace hello {

chains::Chain MakeChain();

chains::Chain MakeChain() {
  chains::Chain chain("hello");
  chain.Add<Polite>();
  chain.Add<Greeter>(chains::Needs<SayHello>{}).Entrypoint();
  return chain;
}

}  // namespace hello
