#include "chains/chain/chain.h"
#include "talk.h"

int main(int argc, char** argv) {
  chains::Chain chain("talk");
  chain.Add<talk::Loud>();
  chain.Add<talk::Talker>(chains::Needs<talk::Shout>{}).Entrypoint();
  return chain.Main(argc, argv);
}
