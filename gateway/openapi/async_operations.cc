// Requests that nobody waits for: POST …/async_METHOD, /async_request/{request_id}, webhooks.
#include <string_view>

#include "chains/core/text.h"
#include "chains/json/example.h"
#include "gateway/openapi/components.h"
#include "gateway/openapi/operations.h"

namespace chains::gateway::openapi {
namespace {

using json::JsonWriter;

constexpr std::string_view kWebhook =
    R"({"type":"string","format":"uri","description":"Where the result is posted to."})";
constexpr std::string_view kPriority =
    R"({"type":"integer","minimum":0,"maximum":2,"default":0,"description":"0 goes first."})";
constexpr std::string_view kMaxTime =
    R"({"type":"integer","minimum":10,"maximum":259200,"default":600,)"
    R"("description":"Longer in the queue, and it is EXPIRED."})";
constexpr std::string_view kRetryConfig =
    R"({"type":"object","description":"How a request that failed for no fault of its own is tried )"
    R"(again.","properties":{"max_attempts":{"type":"integer","minimum":1},)"
    R"("initial_delay_ms":{"type":"integer","minimum":0},)"
    R"("max_delay_ms":{"type":"integer","minimum":0}}})";
constexpr std::string_view kAccepted =
    R"({"type":"object","required":["request_id"],"properties":{"request_id":{"type":"string"}}})";
constexpr std::string_view kStatus =
    R"({"type":"object","required":["request_id","status"],"properties":{)"
    R"("request_id":{"type":"string"},)"
    R"("status":{"type":"string",)"
    R"("enum":["QUEUED","IN_PROGRESS","SUCCEEDED","FAILED","EXPIRED","CANCELED"]},)"
    R"("webhook_status":{"type":"string"},)"
    R"("created_at":{"type":"string","format":"date-time"},)"
    R"("result":{"description":"What the method answered; once SUCCEEDED."},)"
    R"("errors":{"type":"array","items":{"type":"object"},)"
    R"("description":"Why it failed; as `error` of an ordinary failure."}}})";
constexpr std::string_view kIdempotencyKey =
    R"({"name":"Idempotency-Key","in":"header","description":"The same key again is answered with )"
    R"(the request that it began.","schema":{"type":"string"}})";
constexpr std::string_view kRequestId =
    R"([{"name":"request_id","in":"path","required":true,"schema":{"type":"string"}}])";
constexpr std::string_view kWebhookParameters =
    R"([{"name":"X-Chains-Signature","in":"header","required":true,"description":"v1= and the )"
    R"(HMAC-SHA256 of `TIMESTAMP.BODY` in hexadecimal, with the gateway's secret.",)"
    R"("schema":{"type":"string"}},)"
    R"({"name":"X-Chains-Delivery","in":"header","required":true,"description":"Of this result: the )"
    R"(same each time that it is tried.","schema":{"type":"string"}}])";

void WriteJson(std::string_view schema, JsonWriter& out) {
  out.Key("content").BeginObject().Key("application/json").BeginObject().Key("schema");
  WriteReference("schemas", schema, out);
  out.End().End();
}

void WriteAnswer(std::string_view status, std::string_view about, std::string_view schema,
                 JsonWriter& out) {
  out.Key("responses").BeginObject();
  out.Key(status).BeginObject().Key("description").String(about);
  WriteJson(schema, out);
  out.End();
  WriteFailures(out);
  out.End();
}

void WriteOfRequest(std::string_view http_method, std::string_view id, std::string_view summary,
                    OperationIds& ids, JsonWriter& out) {
  out.Key(http_method).BeginObject();
  out.Key("operationId").String(ids.Unique(id)).Key("summary").String(summary);
  out.Key("tags").BeginArray().String("async").End();
  WriteAnswer("200", "what became of it so far", "AsyncStatus", out);
  out.End();
}

}  // namespace

void Operations::WriteAsync(const Method& method) {
  const std::string name = Text("async_", method.snake_name);
  out_.Key(Text(place_.path, "/", name)).BeginObject();
  Begin(
      "post", name, Text("Queues a call of ", method.descriptor->name(), "."),
      Text("Answers once the request cannot be lost any more. The result is posted to the webhook, "
           "and kept for a while at /async_request/{request_id}. It may be called more than once, "
           "where a process dies."));
  out_.Key("parameters").BeginArray().Raw(kIdempotencyKey).End();
  out_.Key("requestBody").BeginObject().Key("required").Bool(true);
  out_.Key("content").BeginObject().Key("application/json").BeginObject();
  out_.Key("schema").BeginObject().Key("type").String("object");
  out_.Key("required").BeginArray().String("model_input").End();
  out_.Key("properties").BeginObject().Key("model_input");
  schemas_.WriteArgument(*method.request, out_);
  out_.Key("webhook_endpoint").Raw(kWebhook).Key("priority").Raw(kPriority);
  out_.Key("max_time_in_queue_seconds").Raw(kMaxTime).Key("inference_retry_config");
  WriteReference("schemas", "AsyncRetryConfig", out_);
  out_.End().End();
  out_.Key("example").BeginObject().Key("model_input");
  out_.Raw(json::ExampleJson(*method.descriptor->input_type()));
  out_.Key("webhook_endpoint").String("https://example.com/done").End();
  out_.End().End().End();
  WriteAnswer("201", "it is queued", "AsyncAccepted", out_);
  out_.End().End();
}

void WriteAsyncPaths(OperationIds& ids, JsonWriter& out) {
  out.Key("/async_request/{request_id}").BeginObject();
  out.Key("parameters").Raw(kRequestId);
  WriteOfRequest("get", "get_async_request", "Says what became of a queued request.", ids, out);
  WriteOfRequest("delete", "cancel_async_request", "Cancels a queued request.", ids, out);
  out.End();
}

void WriteAsyncSchemas(JsonWriter& out) {
  out.Key("AsyncAccepted").Raw(kAccepted);
  out.Key("AsyncRetryConfig").Raw(kRetryConfig);
  out.Key("AsyncStatus").Raw(kStatus);
}

void WriteWebhooks(OperationIds& ids, JsonWriter& out) {
  out.Key("asyncRequestDone").BeginObject().Key("post").BeginObject();
  out.Key("operationId").String(ids.Unique("async_request_done"));
  out.Key("summary").String("A queued request is done: what the gateway posts to its webhook.");
  out.Key("description")
      .String("Anything but an answer of 200 to 299 lets it try again, later and later.");
  out.Key("tags").BeginArray().String("async").End();
  out.Key("parameters").Raw(kWebhookParameters);
  out.Key("requestBody").BeginObject().Key("required").Bool(true);
  WriteJson("AsyncStatus", out);
  out.End().Key("responses").BeginObject();
  out.Key("200").BeginObject().Key("description").String("taken").End();
  out.End().End().End();
}

}  // namespace chains::gateway::openapi
