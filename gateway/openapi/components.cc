#include "gateway/openapi/components.h"

#include <array>
#include <initializer_list>

#include "chains/core/text.h"

namespace chains::gateway::openapi {
namespace {

using json::JsonWriter;

constexpr auto kFailures = std::to_array<Failure>({
    {400, "INVALID_ARGUMENT", "InvalidArgument",
     "The request is wrong: JSON that is none, a field of another type, arguments that are "
     "missing, "
     "or what the chainlet itself refuses.",
     "1:18: people[0].age: an integer is expected, not 30.5"},
    {401, "UNAUTHENTICATED", "Unauthenticated", "No key was given, or one that is not known here.",
     "a key is required: Authorization: Api-Key KEY"},
    {403, "PERMISSION_DENIED", "PermissionDenied", "The key may not do this.",
     "this key may not call chains"},
    {404, "NOT_FOUND", "NotFound",
     "There is no such chain, deployment or method; says what there is.",
     "hello/production has no such method, only: run_remote"},
    {409, "ABORTED", "Aborted", "It is there already, or a conflict with another request.",
     "another request changed it meanwhile"},
    {413, "RESOURCE_EXHAUSTED", "TooLarge",
     "The body is larger than the limit of its route, before or after decoding; or a stream has "
     "more "
     "items than may be gathered to an array.",
     "the body is larger than 104857600 bytes"},
    {415, "INVALID_ARGUMENT", "UnsupportedMediaType",
     "A media type or a Content-Encoding that the method does not take.",
     "Content-Type: audio/wav is not taken here; send application/json"},
    {429, "RESOURCE_EXHAUSTED", "ResourceExhausted",
     "Too many requests run or wait: come again after Retry-After.",
     "256 calls run and 256 wait for their turn"},
    {499, "CANCELLED", "Cancelled", "The caller left before it was answered.", "the caller left"},
    {500, "INTERNAL", "Internal", "A fault of the chain or of the gateway.",
     "the reply is no such message"},
    {501, "UNIMPLEMENTED", "Unimplemented", "The chainlet does not implement the method.",
     "the method is not implemented"},
    {503, "UNAVAILABLE", "Unavailable",
     "No replica answers, or none was ready in time: come again after Retry-After.",
     "no replica was ready within 60 s"},
    {504, "DEADLINE_EXCEEDED", "DeadlineExceeded",
     "The time that the request had (Chains-Timeout) is over, or a stream was silent for too long.",
     "the deadline of 60 s is over"},
});

constexpr std::string_view kError =
    R"({"type":"object","description":"What failed, and where.","required":["error"],)"
    R"("properties":{"error":{"type":"object","required":["code","message","details","path"],)"
    R"("properties":{"code":{"type":"string",)"
    R"("description":"A canonical code of gRPC, as in INVALID_ARGUMENT."},)"
    R"("message":{"type":"string","description":"What is wrong, and what to do next."},)"
    R"("details":{"type":"array","description":"What the chainlet attached.","items":)"
    R"({"type":"object","required":["type","value_b64"],"properties":{)"
    R"("type":{"type":"string","description":"the URL of a message's type"},)"
    R"("value_b64":{"type":"string","contentEncoding":"base64"}}}},)"
    R"("path":{"type":"array","description":"The calls that failed, the entrypoint first.",)"
    R"("items":{"type":"object","required":["chainlet","method","replica"],"properties":{)"
    R"("chainlet":{"type":"string"},"method":{"type":"string"},"replica":{"type":"string"},)"
    R"("attempt":{"type":"integer"}}}}}}}})";

// A component that is JSON already.
struct Component {
  std::string_view name;
  std::string_view json;
};

constexpr auto kParameters = std::to_array<Component>({
    {"Timeout",
     R"({"name":"Chains-Timeout","in":"header","description":"How long the request may take, with )"
     R"(its whole stream: 5s, 200ms, 1.5m. Without: 60s, a stream an hour.","schema":{"type":"string",)"
     R"("pattern":"^[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h)?$"},"example":"5s"})"},
    {"Priority",
     R"({"name":"Chains-Priority","in":"header","description":"How much the request matters where )"
     R"(not all can be answered, up to what its key may ask for; 0 is the first to be refused.",)"
     R"("schema":{"type":"integer","minimum":0,"maximum":7,"default":4}})"},
    {"RequestId",
     R"({"name":"X-Request-Id","in":"header","description":"A name of yours for the request; it )"
     R"(comes back, and reaches the chainlets.","schema":{"type":"string"}})"},
    {"Receipt",
     R"({"name":"Chains-Receipt","in":"header","description":"1: say in the header Chains-Receipt )"
     R"(where the time went.","schema":{"type":"string","enum":["0","1"]}})"},
});

constexpr auto kHeaders = std::to_array<Component>({
    {"X-Request-Id", R"({"description":"The request's own name, or one that was made for it.",)"
                     R"("schema":{"type":"string"}})"},
    {"Traceparent",
     R"({"description":"The trace that the request was part of (W3C Trace Context).",)"
     R"("schema":{"type":"string"}})"},
    {"Chains-Receipt",
     R"({"description":"Where the time went, as one line of JSON; for who asked.",)"
     R"("schema":{"type":"string"}})"},
    {"Retry-After", R"({"description":"Seconds.","schema":{"type":"integer"}})"},
    {"WWW-Authenticate",
     R"({"description":"Which ways there are to give a key.","schema":{"type":"string"}})"},
});

constexpr auto kSchemes = std::to_array<Component>({
    {"apiKey", R"({"type":"apiKey","in":"header","name":"Authorization",)"
               R"("description":"The words `Api-Key KEY`."})"},
    {"bearer", R"({"type":"http","scheme":"bearer","description":"The key as `Bearer KEY`."})"},
});

void WriteAll(std::span<const Component> components, JsonWriter& out) {
  for (const Component& component : components) out.Key(component.name).Raw(component.json);
}

void WriteHeaderReferences(std::initializer_list<std::string_view> names, JsonWriter& out) {
  out.Key("headers").BeginObject();
  for (const std::string_view name : names) {
    out.Key(name);
    WriteReference("headers", name, out);
  }
  out.End();
}

void WriteExample(const Failure& failure, JsonWriter& out) {
  out.Key("example").BeginObject().Key("error").BeginObject();
  out.Key("code").String(failure.code).Key("message").String(failure.message);
  out.Key("details").BeginArray().End().Key("path").BeginArray().End().End().End();
}

void WriteErrorContent(const Failure* failure, JsonWriter& out) {
  out.Key("content").BeginObject().Key("application/json").BeginObject().Key("schema");
  WriteReference("schemas", "Failure", out);
  if (failure != nullptr) WriteExample(*failure, out);
  out.End().End();
}

}  // namespace

std::span<const Failure> Failures() { return kFailures; }

void WriteReference(std::string_view kind, std::string_view name, JsonWriter& out) {
  out.BeginObject().Key("$ref").String(Text("#/components/", kind, "/", name)).End();
}

void WriteFailures(JsonWriter& out) {
  for (const Failure& failure : kFailures) {
    out.Key(Text(failure.status));
    WriteReference("responses", failure.name, out);
  }
  out.Key("default");
  WriteReference("responses", "Failure", out);
}

void WriteFailureResponses(JsonWriter& out) {
  for (const Failure& failure : kFailures) {
    out.Key(failure.name).BeginObject();
    out.Key("description").String(failure.description);
    if (failure.status == 401) {
      WriteHeaderReferences({"X-Request-Id", "WWW-Authenticate"}, out);
    } else if (failure.status == 429 || failure.status == 503) {
      WriteHeaderReferences({"X-Request-Id", "Retry-After"}, out);
    } else {
      WriteHeaderReferences({"X-Request-Id"}, out);
    }
    WriteErrorContent(&failure, out);
    out.End();
  }
  out.Key("Failure").BeginObject().Key("description").String("What failed, and where.");
  WriteErrorContent(nullptr, out);
  out.End();
}

void WriteParameters(JsonWriter& out) { WriteAll(kParameters, out); }
void WriteHeaders(JsonWriter& out) { WriteAll(kHeaders, out); }
void WriteSecuritySchemes(JsonWriter& out) { WriteAll(kSchemes, out); }
std::string_view Security() { return R"([{"apiKey":[]},{"bearer":[]}])"; }

void WriteAnswerHeaders(JsonWriter& out) {
  WriteHeaderReferences({"X-Request-Id", "Traceparent", "Chains-Receipt"}, out);
}

void WriteCallParameters(JsonWriter& out) {
  for (const std::string_view name : {"Timeout", "Priority", "RequestId", "Receipt"}) {
    WriteReference("parameters", name, out);
  }
}

std::set<std::string> ReservedSchemas() {
  return {"AsyncAccepted", "AsyncResult", "AsyncRetryConfig", "AsyncStatus", "Failure"};
}

void WriteErrorSchemas(JsonWriter& out) { out.Key("Failure").Raw(kError); }

}  // namespace chains::gateway::openapi
