#include "gateway/openapi/document.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "chains/core/text.h"
#include "chains/json/json_writer.h"
#include "gateway/openapi/comments.h"
#include "gateway/openapi/components.h"
#include "gateway/openapi/operations.h"
#include "gateway/openapi/schemas.h"

namespace chains::gateway::openapi {
namespace {

using json::JsonWriter;
using json::Transcoder;
using Definitions = std::map<std::string, std::string>;

constexpr std::string_view kAbout =
    "JSON of chains: fields by their names in the contract, or in lowerCamelCase; unknown keys are "
    "ignored; numbers that are none are the strings \"NaN\", \"Infinity\" and \"-Infinity\"; null "
    "is "
    "an absent field. A reply with the one field `result` is its bare value. Bodies may be "
    "compressed "
    "with gzip or zstd (Content-Encoding), and answers are for who accepts it (Accept-Encoding). "
    "gRPC clients call the same methods with the chain's own .proto.";

constexpr std::string_view kLeftOut =
    "There are too many deployments to describe them here; each has a page of its own, "
    "/chains/CHAIN/deployment/ID/openapi.json.";

// Production first, then development: what others call has the plain names.
int Rank(const Route& route) {
  if (route.kind == Route::Kind::kDeployment) return 3;
  return route.name == "production" ? 0 : route.name == "development" ? 1 : 2;
}

std::vector<const DescribedRoute*> InOrder(const Document& document) {
  std::vector<const DescribedRoute*> routes;
  for (const DescribedRoute& route : document.routes) routes.push_back(&route);
  const auto key = [](const DescribedRoute* route) {
    return std::tuple(route->route.chain, Rank(route->route), route->route.name);
  };
  std::stable_sort(routes.begin(), routes.end(),
                   [&](const auto* a, const auto* b) { return key(a) < key(b); });
  return routes;
}

bool Fit(const Definitions& some, const Definitions& others) {
  return std::all_of(some.begin(), some.end(), [&](const auto& each) {
    const auto found = others.find(each.first);
    return found == others.end() || found->second == each.second;
  });
}

class Writer {
 public:
  explicit Writer(const Document& document) : document_(document), routes_(InOrder(document)) {
    for (const DescribedRoute* route : routes_) Learn(*route);
  }
  std::string Write() &&;

 private:
  void Learn(const DescribedRoute& route);
  void WriteInfo();
  void WriteTags();
  void WriteRoute(const DescribedRoute& route);
  void WriteComponents();
  bool HasAsync() const { return document_.has_async && !routes_.empty(); }

  const Document& document_;
  const std::vector<const DescribedRoute*> routes_;
  std::map<const Transcoder*, std::unique_ptr<Schemas>> schemas_;
  Definitions definitions_;
  OperationIds ids_;
  JsonWriter out_;
};

// Contracts that say the same share definitions; one that differs gets longer names.
void Writer::Learn(const DescribedRoute& route) {
  std::unique_ptr<Schemas>& schemas = schemas_[route.contract.get()];
  if (schemas != nullptr) return;
  schemas = std::make_unique<Schemas>(*route.contract, ReservedSchemas(),
                                      CamelCase(route.route.ToString()));
  Definitions definitions;
  for (const auto naming :
       {Schemas::Naming::kShort, Schemas::Naming::kFull, Schemas::Naming::kPrefixed}) {
    schemas->SetNaming(naming);
    definitions = schemas->Definitions();
    if (Fit(definitions, definitions_)) break;
  }
  definitions_.merge(definitions);
}

void Writer::WriteInfo() {
  const bool is_of_one = document_.is_of_one && !routes_.empty();
  out_.Key("info").BeginObject();
  out_.Key("title").String(is_of_one ? routes_[0]->route.chain : "Chains");
  out_.Key("version").String(is_of_one ? routes_[0]->route.Path().substr(1) : "1");
  std::string about;
  if (is_of_one) about = CommentOf(*routes_[0]->contract->service().file());
  if (document_.leaves_out_deployments) about = kLeftOut;
  out_.Key("description").String(Paragraphs(about, kAbout)).End();
  const std::string server = is_of_one ? routes_[0]->path : "";
  out_.Key("servers").BeginArray().BeginObject().Key("url").String(server.empty() ? "/" : server);
  out_.End().End();
}

void Writer::WriteTags() {
  out_.Key("tags").BeginArray();
  std::set<std::string> written;
  for (const DescribedRoute* route : routes_) {
    if (!written.insert(route->route.chain).second) continue;
    const auto& service = route->contract->service();
    out_.BeginObject().Key("name").String(route->route.chain);
    const std::string about = Paragraphs(CommentOf(*service.file()), CommentOf(service));
    if (!about.empty()) out_.Key("description").String(about);
    out_.End();
  }
  if (HasAsync() && written.insert("async").second) {
    out_.BeginObject().Key("name").String("async");
    out_.Key("description").String("Requests that nobody waits for.").End();
  }
  out_.End();
}

void Writer::WriteRoute(const DescribedRoute& route) {
  Operations::Place place{.tag = route.route.chain, .has_async = document_.has_async};
  if (!document_.is_of_one) {
    place.path = route.path;
    place.words = route.route.ToString();
  }
  Operations operations(place, *schemas_.at(route.contract.get()), ids_, out_);
  for (const auto& method : route.contract->methods()) operations.Write(*method);
  if (route.can_be_woken) operations.WriteWake();
}

void Writer::WriteComponents() {
  out_.Key("components").BeginObject().Key("schemas").BeginObject();
  for (const auto& [name, schema] : definitions_) out_.Key(name).Raw(schema);
  WriteErrorSchemas(out_);
  if (HasAsync()) WriteAsyncSchemas(out_);
  out_.End().Key("responses").BeginObject();
  WriteFailureResponses(out_);
  out_.End().Key("parameters").BeginObject();
  WriteParameters(out_);
  out_.End().Key("headers").BeginObject();
  WriteHeaders(out_);
  out_.End();
  if (document_.needs_key) {
    out_.Key("securitySchemes").BeginObject();
    WriteSecuritySchemes(out_);
    out_.End();
  }
  out_.End();
}

std::string Writer::Write() && {
  out_.BeginObject().Key("openapi").String("3.1.0");
  WriteInfo();
  if (document_.needs_key) out_.Key("security").Raw(Security());
  WriteTags();
  out_.Key("paths").BeginObject();
  for (const DescribedRoute* route : routes_) WriteRoute(*route);
  if (HasAsync()) WriteAsyncPaths(document_.is_of_one, ids_, out_);
  out_.End();
  if (HasAsync()) {
    out_.Key("webhooks").BeginObject();
    WriteWebhooks(ids_, out_);
    out_.End();
  }
  WriteComponents();
  out_.End();
  return std::move(out_).Take();
}

}  // namespace

std::string Written(const Document& document) { return Writer(document).Write(); }

}  // namespace chains::gateway::openapi
