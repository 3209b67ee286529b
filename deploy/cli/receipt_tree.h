// The header Chains-Receipt, as a tree for people and summed up by hop. Pure.
//
//   hello.HelloAll.RunRemote   965 µs, network 411 µs, serialize 23 µs, user 12 µs
//   └─ hello.SayHello.RunRemote   454 µs, network 413 µs, …
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/cli/terminal/table.h"

namespace chains::deploy::cli {

// Lines, each with a line end; what is no receipt is said to be none.
std::string ReceiptTree(std::string_view receipt);

// Where the time of some requests went, by the method that was called.
class ReceiptSums {
 public:
  // False where `receipt` is none.
  bool Add(std::string_view receipt);
  bool empty() const { return receipts_ == 0; }
  // Of an average request: calls of each hop, and its times.
  Table ToTable() const;

 private:
  struct Sum {
    int64_t calls = 0;
    double elapsed = 0;
    double queue = 0;
    double user = 0;
    double serialize = 0;
    double network = 0;
  };
  int64_t receipts_ = 0;
  std::map<std::string, Sum> by_hop_;
  std::vector<std::string> order_;  // as hops were met
  friend class SumOfReceipt;
};

}  // namespace chains::deploy::cli
