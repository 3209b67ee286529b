// reflection_client ADDRESS [SERVICE METHOD JSON]
//
// A gRPC client that knows no contract: it asks the server's reflection (grpc.reflection.v1alpha).
// With an address alone it lists the services.
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include "chains/v1/wire_reflection.pb.h"
#include "tests/e2e/metadata.h"

namespace {

namespace pb = google::protobuf;
using chains::wire::v1::ServerReflectionRequest;
using chains::wire::v1::ServerReflectionResponse;

// One call of any method that takes one message and answers with one, in wire format.
class Caller {
 public:
  explicit Caller(const std::string& address)
      : stub_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())) {}

  grpc::Status Call(const std::string& path, const std::string& request, std::string& reply) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    AddMetadata(context);
    grpc::CompletionQueue queue;
    std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call =
        stub_.PrepareCall(&context, path, &queue);
    auto wait = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    grpc::Slice slice(request);
    grpc::ByteBuffer sent(&slice, 1);
    grpc::ByteBuffer received;
    grpc::Status status;
    call->StartCall(nullptr);
    if (wait()) {
      call->WriteLast(sent, grpc::WriteOptions(), nullptr);
      wait();
      call->Read(&received, nullptr);
      if (wait()) reply = Text(received);
    }
    call->Finish(&status, nullptr);
    wait();
    return status;
  }

 private:
  static std::string Text(const grpc::ByteBuffer& buffer) {
    std::vector<grpc::Slice> slices;
    std::string text;
    if (!buffer.Dump(&slices).ok()) return text;
    for (const grpc::Slice& slice : slices) {
      text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    return text;
  }
  grpc::GenericStub stub_;
};

int Fail(const grpc::Status& status) {
  std::fprintf(stderr, "code %d: %s\n", static_cast<int>(status.error_code()),
               status.error_message().c_str());
  return 1;
}

grpc::Status Reflect(Caller& caller, const ServerReflectionRequest& request,
                     ServerReflectionResponse& response) {
  std::string reply;
  const grpc::Status status =
      caller.Call("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                  request.SerializeAsString(), reply);
  if (status.ok() && !response.ParseFromString(reply)) {
    return {grpc::StatusCode::INTERNAL, "no reflection response"};
  }
  return status;
}

int List(Caller& caller) {
  ServerReflectionRequest request;
  request.set_list_services("");
  ServerReflectionResponse response;
  const grpc::Status status = Reflect(caller, request, response);
  if (!status.ok()) return Fail(status);
  for (const auto& service : response.list_services_response().service()) {
    std::printf("%s\n", service.name().c_str());
  }
  return 0;
}

int CallMethod(Caller& caller, const std::string& service, const std::string& method,
               const std::string& json) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol(service);
  ServerReflectionResponse response;
  grpc::Status status = Reflect(caller, request, response);
  if (!status.ok()) return Fail(status);

  pb::SimpleDescriptorDatabase files;
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    pb::FileDescriptorProto file;
    if (!file.ParseFromString(bytes)) return Fail({grpc::StatusCode::INTERNAL, "no descriptor"});
    files.Add(file);
  }
  pb::DescriptorPool pool(&files);
  const pb::ServiceDescriptor* described = pool.FindServiceByName(service);
  const pb::MethodDescriptor* found =
      described == nullptr ? nullptr : described->FindMethodByName(method);
  if (found == nullptr) return Fail({grpc::StatusCode::NOT_FOUND, response.DebugString()});

  pb::DynamicMessageFactory messages(&pool);
  std::unique_ptr<pb::Message> sent(messages.GetPrototype(found->input_type())->New());
  std::unique_ptr<pb::Message> answer(messages.GetPrototype(found->output_type())->New());
  if (!pb::util::JsonStringToMessage(json, sent.get()).ok()) {
    return Fail({grpc::StatusCode::INVALID_ARGUMENT, "not a request: " + json});
  }
  std::string reply;
  status = caller.Call("/" + service + "/" + method, sent->SerializeAsString(), reply);
  if (!status.ok()) return Fail(status);
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!answer->ParseFromString(reply) ||
      !pb::util::MessageToJsonString(*answer, &text, options).ok()) {
    return Fail({grpc::StatusCode::INTERNAL, "not an answer"});
  }
  std::printf("%s\n", text.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 5) {
    std::fputs("usage: reflection_client ADDRESS [SERVICE METHOD JSON]\n", stderr);
    return 2;
  }
  Caller caller(argv[1]);
  return argc == 2 ? List(caller) : CallMethod(caller, argv[2], argv[3], argv[4]);
}
