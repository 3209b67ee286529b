// A coroutine of a chainlet that takes an aggregate which owns something.
// Says: chains: a coroutine takes no aggregate that owns something by value
// Says: give the type a constructor, or pass its parts
#include "shop.chains.h"

struct Sale {
  std::string item;
};
struct MyClerk : shop::Clerk {
  chains::Task<shop::Price> RunRemote(shop::Item item) override {
    Sale sale{item.name()};
    shop::Price price = co_await Sell(std::move(sale));
    co_return price;
  }
  chains::Task<shop::Price> Sell(Sale) { co_return shop::Price(); }
};
