#include "gateway/openapi/operations.h"

#include <google/protobuf/descriptor.pb.h>

#include "chains/core/text.h"
#include "gateway/openapi/bodies.h"
#include "gateway/openapi/comments.h"
#include "gateway/openapi/components.h"

namespace chains::gateway::openapi {
namespace {

using google::protobuf::MethodOptions;
using json::Transcoder;

bool IsUnary(const Transcoder::Method& method) { return method.call.kind == MethodKind::kUnary; }

bool CanBeGot(const Transcoder::Method& method) {
  return !method.descriptor->client_streaming() &&
         method.descriptor->options().idempotency_level() == MethodOptions::NO_SIDE_EFFECTS;
}

}  // namespace

void Operations::Begin(std::string_view http_method, std::string_view words,
                       std::string_view summary, std::string_view description) {
  out_.Key(http_method).BeginObject();
  out_.Key("operationId").String(ids_.Unique(Text(place_.words, " ", words)));
  out_.Key("summary").String(summary);
  if (!description.empty()) out_.Key("description").String(description);
  out_.Key("tags").BeginArray().String(place_.tag).End();
}

void Operations::BeginMethod(std::string_view http_method, std::string_view prefix,
                             const Method& method, std::string_view notes) {
  const std::string comment = CommentOf(*method.descriptor);
  const std::string about = comment.empty() ? CommentOf(*method.descriptor->service()) : comment;
  const std::string summary =
      about.empty() ? Text(method.descriptor->full_name()) : SummaryOf(about);
  Begin(http_method, Text(prefix, " ", method.snake_name), summary,
        Paragraphs(about == summary ? "" : about, notes));
  if (method.descriptor->options().deprecated()) out_.Key("deprecated").Bool(true);
}

void Operations::Write(const Method& method) {
  if (ServesFiles(method)) return WriteFiles(method);
  out_.Key(Text(place_.path, "/", method.snake_name)).BeginObject();
  WritePost(method);
  if (CanBeGot(method)) WriteGet(method);
  out_.End();
  if (place_.has_async && IsUnary(method)) WriteAsync(method);
}

void Operations::WriteAnswers(const Method& method) {
  out_.Key("responses").BeginObject();
  out_.Key("200").BeginObject().Key("description");
  const std::string about = CommentOf(*method.descriptor->output_type());
  out_.String(about.empty() ? Text("the answer of ", method.descriptor->name()) : about);
  WriteAnswerHeaders(out_);
  WriteReplyContent(method, schemas_, out_);
  out_.End();
  WriteFailures(out_);
  out_.End();
}

void Operations::WritePost(const Method& method) {
  BeginMethod("post", "", method, NotesOn(method));
  out_.Key("parameters").BeginArray();
  WriteCallParameters(out_);
  WriteRawParameters(method, schemas_, out_);
  out_.End();
  out_.Key("requestBody").BeginObject().Key("required").Bool(true);
  WriteRequestContent(method, schemas_, out_);
  out_.End();
  WriteAnswers(method);
  out_.End();
}

// What changes nothing may be asked for by GET, as an EventSource does.
void Operations::WriteGet(const Method& method) {
  BeginMethod("get", "get", method, NotesOn(method));
  out_.Key("parameters").BeginArray();
  WriteCallParameters(out_);
  WriteQueryParameters(method, schemas_, out_);
  out_.End();
  WriteAnswers(method);
  out_.End();
}

void Operations::WriteFiles(const Method& method) {
  out_.Key(Text(place_.path, "/", method.snake_name, "/{path}")).BeginObject();
  WriteFileOperation(method, false);
  WriteFileOperation(method, true);
  out_.End();
}

void Operations::WriteFileOperation(const Method& method, bool head_only) {
  constexpr std::string_view kParameters[] = {
      R"({"name":"path","in":"path","required":true,"description":"Of the file; it may have slashes.",)"
      R"("schema":{"type":"string"}})",
      R"({"name":"Range","in":"header","description":"One range of bytes.",)"
      R"("schema":{"type":"string"},"example":"bytes=0-1023"})",
      R"({"name":"If-None-Match","in":"header","schema":{"type":"string"}})",
      R"({"name":"If-Range","in":"header","schema":{"type":"string"}})"};
  constexpr std::string_view kHeaders =
      R"({"Content-Length":{"schema":{"type":"integer"}},"Content-Range":{"schema":)"
      R"({"type":"string"}},"ETag":{"schema":{"type":"string"}},"Last-Modified":{"schema":)"
      R"({"type":"string"}},"Accept-Ranges":{"schema":{"type":"string"}}})";
  BeginMethod(head_only ? "head" : "get", head_only ? "head" : "get", method, "Serves files.");
  out_.Key("parameters").BeginArray();
  for (const std::string_view parameter : kParameters) out_.Raw(parameter);
  WriteCallParameters(out_);
  out_.End().Key("responses").BeginObject();
  for (const auto& [status, about] :
       {std::pair("200", "the file"), std::pair("206", "the range")}) {
    out_.Key(status).BeginObject().Key("description").String(about).Key("headers").Raw(kHeaders);
    if (!head_only) {
      out_.Key("content").Raw(R"({"*/*":{"schema":{"type":"string","format":"binary"}}})");
    }
    out_.End();
  }
  out_.Key("304").BeginObject().Key("description").String("unchanged").End();
  out_.Key("416").BeginObject().Key("description").String("no such range").End();
  WriteFailures(out_);
  out_.End().End();
}

void Operations::WriteWake() {
  out_.Key(Text(place_.path, "/wake")).BeginObject();
  Begin("post", "wake", "Starts replicas, and answers at once.",
        "Of a deployment that sleeps. A request wakes it up, too, and waits.");
  out_.Key("responses").BeginObject();
  out_.Key("202").BeginObject().Key("description").String("they start");
  out_.Key("content").Raw(R"({"application/json":{"schema":{"type":"object"}}})").End();
  WriteFailures(out_);
  out_.End().End().End();
}

}  // namespace chains::gateway::openapi
