#include "chains/chain/chain.h"
#include "hello_chain.h"

int main(int argc, char** argv) {
  chains::Chain chain("hello");
  chain.Add<hello::Polite>();
  chain.Add<hello::Greeter>(chains::Needs<hello::SayHello>{.attempts = 3}).Entrypoint();
  return chain.Main(argc, argv);
}
