#include "gateway/openapi/bodies.h"

#include <string_view>

#include "chains/core/text.h"
#include "chains/json/example.h"
#include "gateway/openapi/comments.h"
#include "gateway/openapi/components.h"

namespace chains::gateway::openapi {
namespace {

using google::protobuf::FieldDescriptor;
using json::FieldSchema;
using json::JsonWriter;
using json::MessageSchema;
using json::Transcoder;
using Form = MessageSchema::Form;
using Method = Transcoder::Method;
using Role = Schemas::Role;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kLines = "application/x-ndjson";
constexpr std::string_view kEvents = "text/event-stream";
constexpr std::string_view kProtobuf = "application/x-protobuf";
constexpr std::string_view kForm = "multipart/form-data";
constexpr std::string_view kBytes = "application/octet-stream";

bool TakesStream(const Method& method) { return method.descriptor->client_streaming(); }
bool GivesStream(const Method& method) { return method.descriptor->server_streaming(); }

bool IsBytes(const FieldSchema& field) {
  return field.type == FieldDescriptor::TYPE_BYTES && !field.descriptor->is_repeated();
}
// What a query can say: app/query_request.cc takes the same.
bool FitsInQuery(const FieldSchema& field) {
  if (field.name == "request" || field.name == "receipt") return false;
  if (field.message == nullptr) return true;
  const Form form = field.message->form;
  return form == Form::kWrapper || form == Form::kTimestamp || form == Form::kDuration ||
         form == Form::kFieldMask;
}

// The field that a raw body goes into; null where there is not exactly one of bytes.
const FieldSchema* RawField(const MessageSchema& type) {
  const FieldSchema* raw = nullptr;
  for (const FieldSchema& field : type.fields) {
    if (!IsBytes(field)) continue;
    if (raw != nullptr) return nullptr;
    raw = &field;
  }
  return type.form == Form::kFields ? raw : nullptr;
}

void WriteBinary(std::string_view description, JsonWriter& out) {
  out.BeginObject().Key("type").String("string").Key("format").String("binary");
  out.Key("description").String(description).End();
}

void WriteProtobuf(const google::protobuf::Descriptor& type, bool is_stream, JsonWriter& out) {
  out.Key(kProtobuf).BeginObject().Key("schema");
  const std::string_view each = is_stream ? ": each behind its length as a varint" : "";
  WriteBinary(Text(type.full_name(), ", serialized", each), out);
  out.End();
}

// A part for each top-level field; files into those of bytes.
void WriteForm(const Method& method, const Schemas& schemas, JsonWriter& out) {
  out.Key(kForm).BeginObject().Key("schema").BeginObject().Key("type").String("object");
  out.Key("properties").BeginObject();
  for (const FieldSchema& field : method.request->fields) {
    out.Key(field.name);
    if (IsBytes(field)) {
      const std::string comment = CommentOf(*field.descriptor);
      WriteBinary(comment.empty() ? "a file" : comment, out);
    } else {
      schemas.WriteField(field, Role::kInput, out);
    }
  }
  out.End().End().End();
}

void WriteRaw(JsonWriter& out, const FieldSchema& field) {
  out.Key(kBytes).BeginObject().Key("schema");
  WriteBinary(Text("`", field.name, "` as it is; any other media type will do, too"), out);
  out.End();
}

void WriteParameter(const FieldSchema& field, const Schemas& schemas, JsonWriter& out) {
  out.BeginObject().Key("name").String(field.name).Key("in").String("query").Key("schema");
  schemas.WriteField(field, Role::kInput, out);
  out.End();
}

// One item of a stream, or the failure that ends it.
void WriteItem(std::string_view media_type, const Method& method, const Schemas& schemas,
               JsonWriter& out) {
  out.Key(media_type).BeginObject().Key("schema").BeginObject().Key("anyOf").BeginArray();
  schemas.WriteReply(*method.reply, out);
  WriteReference("schemas", "Failure", out);
  out.End().End();
}

void WriteArray(JsonWriter& out, auto write_item) {
  out.BeginObject().Key("type").String("array").Key("items");
  write_item();
  out.End();
}

}  // namespace

void WriteRequestContent(const Method& method, const Schemas& schemas, JsonWriter& out) {
  const auto& type = *method.descriptor->input_type();
  const auto write_message = [&] { schemas.WriteArgument(*method.request, out); };
  const std::string example = json::ExampleJson(type);
  out.Key("content").BeginObject();
  if (TakesStream(method)) {
    out.Key(kLines).BeginObject().Key("schema");
    write_message();
    out.Key("example").Raw(example).End();
  }
  out.Key(kJson).BeginObject().Key("schema");
  TakesStream(method) ? WriteArray(out, write_message) : write_message();
  out.Key("example").Raw(TakesStream(method) ? Text("[", example, "]") : example).End();
  WriteProtobuf(type, TakesStream(method), out);
  const FieldSchema* const raw = RawField(*method.request);
  const bool has_form = method.request->form == Form::kFields && !method.request->fields.empty() &&
                        (!TakesStream(method) || raw != nullptr);
  if (has_form) WriteForm(method, schemas, out);
  if (raw != nullptr) WriteRaw(out, *raw);
  out.End();
}

void WriteReplyContent(const Method& method, const Schemas& schemas, JsonWriter& out) {
  const auto& type = *method.descriptor->output_type();
  const auto write_message = [&] { schemas.WriteReply(*method.reply, out); };
  const std::string example = json::ExampleReplyJson(type);
  out.Key("content").BeginObject();
  if (GivesStream(method)) {
    WriteItem(kLines, method, schemas, out);
    out.Key("example").Raw(example).End();
    WriteItem(kEvents, method, schemas, out);
    out.End();
  }
  out.Key(kJson).BeginObject().Key("schema");
  GivesStream(method) ? WriteArray(out, write_message) : write_message();
  out.Key("example").Raw(GivesStream(method) ? Text("[", example, "]") : example).End();
  WriteProtobuf(type, GivesStream(method), out);
  out.End();
}

void WriteQueryParameters(const Method& method, const Schemas& schemas, JsonWriter& out) {
  out.BeginObject().Key("name").String("request").Key("in").String("query");
  out.Key("description").String("The whole request as JSON, instead of parameters for its fields.");
  out.Key("schema").BeginObject().Key("type").String("string");
  out.Key("contentMediaType").String(kJson).End();
  out.Key("example").String(json::ExampleJson(*method.descriptor->input_type())).End();
  if (method.request->form != Form::kFields) return;
  for (const FieldSchema& field : method.request->fields) {
    if (FitsInQuery(field)) WriteParameter(field, schemas, out);
  }
}

void WriteRawParameters(const Method& method, const Schemas& schemas, JsonWriter& out) {
  const FieldSchema* const raw = RawField(*method.request);
  if (raw == nullptr) return;
  for (const FieldSchema& field : method.request->fields) {
    if (&field != raw && FitsInQuery(field)) WriteParameter(field, schemas, out);
  }
}

std::string NotesOn(const Method& method) {
  std::string notes;
  if (TakesStream(method)) {
    notes =
        "Takes a stream: NDJSON, a request on each line, which the chainlet gets as they come; or "
        "serialized messages, each behind its length; or an array, where it is whole.";
  }
  if (GivesStream(method)) {
    notes = Paragraphs(
        notes,
        "Answers a stream, each item as it is made. By default NDJSON: an item on each line. "
        "With `Accept: text/event-stream` server-sent events: `id` counts, `data` is an item, "
        "comments keep the connection alive, and `event: end` is the last. With "
        "`Accept: application/json` an array, up to 10000 items and 16 MiB. What fails before the "
        "first item is an ordinary error; what fails later is the last line `{\"error\": …}`, or "
        "`event: error`, and the response is broken off: never a clean end. Silence of 60 s "
        "between "
        "two items is DEADLINE_EXCEEDED.");
  }
  if (TakesStream(method) || GivesStream(method)) {
    const bool is_main = method.snake_name == "run_remote";
    notes = Paragraphs(
        notes,
        Text("WebSocket: a GET of this path", is_main ? ", or of `websocket` in place of it," : "",
             " with `Upgrade: websocket`. Text frames are JSON, binary frames are serialized "
             "messages; an empty text frame ends the requests. A failure is the last text frame "
             "`{\"error\": …}` and the close code 4000 + its HTTP status."));
  }
  return notes;
}

}  // namespace chains::gateway::openapi
