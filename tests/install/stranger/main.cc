#include "chains/chain/chain.h"
#include "shout_chain.h"

int main(int argc, char** argv) {
  chains::Chain chain("shout");
  chain.Add<shout::UpperCase>();
  chain.Add<shout::Shouter>(chains::Needs<shout::Louder>{.attempts = 2}).Entrypoint();
  return chain.Main(argc, argv);
}
