// The chainlets of hello.proto.
#pragma once

#include "chains/chains.h"
#include "hello.chains.h"

namespace hello {

class Polite final : public SayHello {
 public:
  chains::Task<SayHelloResponse> RunRemote(SayHelloRequest request) override;
};

class Greeter final : public HelloAll {
 public:
  explicit Greeter(SayHello& say_hello) : say_hello_(say_hello) {}

  chains::Task<HelloAllResponse> RunRemote(HelloAllRequest request) override;

 private:
  SayHello& say_hello_;
};

}  // namespace hello
