#include "deploy/fleets/kubernetes/replica_note.h"

#include <charconv>

#include "deploy/fleets/kubernetes/labels.h"

namespace chains::deploy {
namespace {

// "1500m", "2", "0.5": as the pod's template and the API server write them.
double CpusOf(const std::string& quantity) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(quantity.data(), quantity.data() + quantity.size(), number);
  if (error != std::errc()) return 0;
  return end != quantity.data() + quantity.size() && *end == 'm' ? number / 1000 : number;
}

}  // namespace

std::string WriteNote(const ReplicaNote& note) {
  return Json({{"replica", note.replica},
               {"chain", note.chain},
               {"unit", note.unit},
               {"revision", note.revision},
               {"chainlets", note.chainlets},
               {"bundle", note.bundle},
               {"restarts", note.restarts}})
      .dump();
}

std::optional<ReplicaNote> ReadNote(const Json& pod) {
  const std::string text = AnnotationOf(pod, annotations::kReplica);
  if (text.empty()) return std::nullopt;
  const absl::StatusOr<Json> json = ParseObject(text);
  if (!json.ok()) return std::nullopt;
  ReplicaNote note;
  note.replica = StringAt(*json, "/replica");
  note.chain = StringAt(*json, "/chain");
  note.unit = StringAt(*json, "/unit");
  note.revision = static_cast<uint64_t>(IntAt(*json, "/revision"));
  note.bundle = StringAt(*json, "/bundle");
  note.restarts = IntAt(*json, "/restarts");
  for (const Json& chainlet : At(*json, "/chainlets")) {
    if (chainlet.is_string()) note.chainlets.push_back(chainlet.get_ref<const std::string&>());
  }
  if (note.replica.empty()) return std::nullopt;
  return note;
}

FoundReplica FoundIn(const Json& pod, const ReplicaNote& note) {
  FoundReplica found;
  found.deployment = LabelOf(pod, labels::kDeployment);
  found.chain = note.chain;
  found.name = note.replica;
  found.unit = note.unit;
  found.revision = note.revision;
  found.chainlets = note.chainlets;
  found.cpus = CpusOf(StringAt(pod, "/spec/containers/0/resources/requests/cpu"));
  found.bundle = note.bundle;
  return found;
}

}  // namespace chains::deploy
