// The chainlets of streaming.proto.
//
//   chains::Stream<Part> parts = generator.RunRemote(request);
//   while (std::optional<Part> part = co_await parts.Next()) Use(*part);
//
// Each part is made only when its reader asks for it, wherever the reader is: a slow one slows the
// Generator, and one that leaves stops it.
#pragma once

#include "chains/chains.h"
#include "streaming.chains.h"

namespace streaming {

class Maker final : public Generator {
 public:
  // INVALID_ARGUMENT, before the header, names the field that is out of its range.
  chains::Stream<Part> RunRemote(GeneratorRequest request) override;
};

class Reader final : public Consumer {
 public:
  explicit Reader(Generator& generator) : generator_(generator) {}

  // Fails as the Generator fails, after the parts that came before.
  chains::Stream<Part> RunRemote(GeneratorRequest request) override;
  // DATA_LOSS where the Generator's parts are not in their order, or are not all there.
  chains::Task<GatherResponse> Gather(GeneratorRequest request) override;
  // OUT_OF_RANGE where the sum leaves 64 bits.
  chains::Task<Sum> SumUp(chains::Stream<Number> numbers) override;
  chains::Stream<EchoResponse> Echo(chains::Stream<EchoRequest> requests) override;

 private:
  Generator& generator_;
};

}  // namespace streaming
