// Contracts from the text of a .proto file, with its comments, as a replica sends them.
#pragma once

#include <memory>
#include <string>

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "chains/json/transcoder.h"

namespace chains::gateway::openapi {

// Of the service S in `source`, which imports nothing.
inline std::shared_ptr<const json::Transcoder> ContractOf(const std::string& source) {
  google::protobuf::io::ArrayInputStream stream(source.data(), static_cast<int>(source.size()));
  google::protobuf::io::Tokenizer tokenizer(&stream, nullptr);
  google::protobuf::FileDescriptorSet files;
  google::protobuf::FileDescriptorProto& file = *files.add_file();
  if (!google::protobuf::compiler::Parser().Parse(&tokenizer, &file)) return nullptr;
  file.set_name("contract.proto");
  const std::string service = file.package().empty() ? "S" : file.package() + ".S";
  return *json::Transcoder::Create(files, service);
}

}  // namespace chains::gateway::openapi
