// All of the test kit that needs no GoogleMock: what a chainlet author's test includes.
//
//   chains::testing::FakeClock clock;
//   greeter::FakeSayHello say_hello;                      // derives from the contract
//   greeter::Greeter greeter(say_hello);
//   EXPECT_THAT(chains::testing::Wait(greeter.RunRemote(request), clock), IsOk());
#pragma once

#include "chains/core/wait.h"
#include "chains/testing/collect.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/faulty_channel.h"
#include "chains/testing/probe.h"
#include "chains/testing/running.h"

namespace chains::testing {

// Runs a task to its end on the calling thread: with a clock on virtual time.
using chains::Wait;

}  // namespace chains::testing
