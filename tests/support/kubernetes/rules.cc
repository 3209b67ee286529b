#include "tests/support/kubernetes/rules.h"

#include <set>

#include "chains/core/text.h"
#include "tests/support/kubernetes/syntax.h"

namespace chains::deploy::fake {
namespace {

void CheckOwners(const Json& meta, Report& report) {
  int controllers = 0;
  for (const Json& owner : At(meta, "/ownerReferences")) {
    for (const char* const field : {"apiVersion", "kind", "name", "uid"}) {
      report.Expect(!owner.value(field, "").empty(), Text("metadata.ownerReferences.", field),
                    "must not be empty");
    }
    controllers += BoolAt(owner, "/controller");
  }
  report.Expect(controllers <= 1, "metadata.ownerReferences", "has two controllers");
}

void CheckMetadata(const Json& object, Report& report) {
  const Json& meta = At(object, "/metadata");
  const std::string kind = StringAt(object, "/kind");
  const std::string name = StringAt(meta, "/name");
  if (kind == "Service") {
    report.Expect(IsDns1035Label(name), "metadata.name", Text("'", name, "' is no DNS-1035 label"));
  } else if (kind == "Namespace") {
    report.Expect(IsDnsLabel(name), "metadata.name", Text("'", name, "' is no DNS-1123 label"));
  } else if (StringAt(object, "/apiVersion").rfind("rbac.", 0) != 0) {
    report.Expect(IsSubdomain(name), "metadata.name",
                  Text("'", name, "' is no DNS-1123 subdomain"));
  }
  report.ExpectText(meta, "/namespace", "metadata.namespace", IsDnsLabel, "is no DNS-1123 label");
  CheckLabels(At(meta, "/labels"), "metadata.labels", report);
  size_t size = 0;
  for (const auto& [key, value] : At(meta, "/annotations").items()) {
    report.Expect(IsLabelKey(key), "metadata.annotations",
                  Text("'", key, "' is no qualified name"));
    size += key.size() + value.get_ref<const std::string&>().size();
  }
  report.Expect(size <= 256 * 1024, "metadata.annotations", "have more than 262144 bytes");
  for (const Json& finalizer : At(meta, "/finalizers")) {
    report.Expect(IsLabelKey(finalizer.get<std::string>()), "metadata.finalizers",
                  Text(finalizer.dump(), " is no qualified name"));
  }
  CheckOwners(meta, report);
}

void CheckData(const Json& object, Report& report) {
  size_t size = 0;
  for (const char* const field : {"/data", "/binaryData", "/stringData"}) {
    for (const auto& [key, value] : At(object, field).items()) {
      report.Expect(IsDataKey(key), std::string(field).substr(1), Text("'", key, "' is no key"));
      size += value.get_ref<const std::string&>().size();
    }
  }
  report.Expect(size <= 1024 * 1024 * 4 / 3, "data", "has more than 1 MiB");
}

void CheckService(const Json& object, Report& report) {
  const Json& spec = At(object, "/spec");
  CheckLabels(At(spec, "/selector"), "spec.selector", report);
  const Json& ports = At(spec, "/ports");
  const bool headless = StringAt(spec, "/clusterIP") == "None";
  report.Expect(headless || !ports.empty(), "spec.ports", "required, and missing");
  std::set<std::string> names;
  size_t index = 0;
  for (const Json& port : ports) {
    const std::string path = Text("spec.ports[", index++, "]");
    const std::string name = StringAt(port, "/name");
    report.Expect(ports.size() == 1 || !name.empty(), path + ".name",
                  "required with several ports");
    report.Expect(name.empty() || IsDnsLabel(name), path + ".name", "is no DNS label");
    report.Expect(names.insert(name).second, path + ".name", Text("duplicate '", name, "'"));
    report.ExpectRange(port, "/port", path + ".port", 1, 65535);
    if (At(port, "/targetPort").is_number()) {
      report.ExpectRange(port, "/targetPort", path + ".targetPort", 1, 65535);
    } else {
      report.ExpectText(port, "/targetPort", path + ".targetPort", IsPortName, "is no port's name");
    }
  }
}

void CheckLease(const Json& object, Report& report) {
  report.ExpectRange(object, "/spec/leaseDurationSeconds", "spec.leaseDurationSeconds", 1,
                     Report::kMost);
  report.ExpectRange(object, "/spec/leaseTransitions", "spec.leaseTransitions", 0, Report::kMost);
  report.Expect(!At(object, "/spec").contains("holderIdentity") ||
                    At(object, "/spec/holderIdentity").is_null() ||
                    !StringAt(object, "/spec/holderIdentity").empty(),
                "spec.holderIdentity", "must not be empty");
}

void CheckRoles(const Json& object, Report& report) {
  size_t index = 0;
  for (const Json& rule : At(object, "/rules")) {
    const std::string path = Text("rules[", index++, "]");
    report.Expect(!At(rule, "/verbs").empty(), path + ".verbs", "required, and missing");
    if (rule.contains("nonResourceURLs")) continue;
    report.Expect(!At(rule, "/apiGroups").empty(), path + ".apiGroups", "required, and missing");
    report.Expect(!At(rule, "/resources").empty(), path + ".resources", "required, and missing");
  }
}

const std::vector<std::string>& Immutable(const std::string& kind) {
  static const std::map<std::string, std::vector<std::string>> all{
      {"Deployment", {"/spec/selector"}},
      {"Service", {"/spec/clusterIP"}},
      {"Secret", {"/type"}},
      {"Job", {"/spec/template", "/spec/selector", "/spec/completions"}},
      {"EndpointSlice", {"/addressType"}},
      {"RoleBinding", {"/roleRef"}},
      {"ClusterRoleBinding", {"/roleRef"}},
      {"PersistentVolumeClaim", {"/spec/accessModes", "/spec/storageClassName"}},
      {"Pod", {"/spec/nodeName", "/spec/volumes", "/spec/serviceAccountName"}}};
  static const std::vector<std::string> none;
  const auto found = all.find(kind);
  return found == all.end() ? none : found->second;
}

}  // namespace

void Report::Add(const std::string& path, const std::string& what) {
  problems.push_back(Text(path, ": ", what));
}

void Report::ExpectText(const Json& object, std::string_view pointer, const std::string& path,
                        const std::function<bool(std::string_view)>& right,
                        const std::string& what) {
  const Json& value = At(object, pointer);
  if (!value.is_string()) return;
  const std::string& text = value.get_ref<const std::string&>();
  Expect(right(text), path, Text("'", text, "' ", what));
}

void Report::ExpectRange(const Json& object, std::string_view pointer, const std::string& path,
                         int64_t least, int64_t most) {
  const Json& value = At(object, pointer);
  if (!value.is_number_integer()) return;
  const int64_t number = value.get<int64_t>();
  Expect(number >= least && number <= most, path,
         Text(number, " is not between ", least, " and ", most));
}

void CheckLabels(const Json& labels, const std::string& path, Report& report) {
  for (const auto& [key, value] : labels.items()) {
    report.Expect(IsLabelKey(key), path, Text("'", key, "' is no qualified name"));
    report.Expect(value.is_string() && IsLabelValue(value.get_ref<const std::string&>()), path,
                  Text(key, "=", value.dump(), " is no label: 63 letters, digits, '-', '_', '.'"));
  }
}

void CheckSelector(const Json& selector, const std::string& path, Report& report) {
  CheckLabels(At(selector, "/matchLabels"), path + ".matchLabels", report);
  for (const Json& expression : At(selector, "/matchExpressions")) {
    const std::string by = StringAt(expression, "/operator");
    const bool set = by == "In" || by == "NotIn";
    report.Expect(set || by == "Exists" || by == "DoesNotExist", path + ".matchExpressions",
                  Text("'", by, "' is no operator"));
    report.Expect(set != At(expression, "/values").empty(), path + ".matchExpressions",
                  Text(by, set ? " needs values" : " takes no values"));
    report.ExpectText(expression, "/key", path + ".matchExpressions", IsLabelKey, "is no key");
  }
}

std::vector<std::string> RuleProblems(const Json& object) {
  Report report;
  CheckMetadata(object, report);
  const std::string kind = StringAt(object, "/kind");
  if (kind == "ConfigMap" || kind == "Secret") CheckData(object, report);
  if (kind == "Service") CheckService(object, report);
  if (kind == "Lease") CheckLease(object, report);
  if (kind == "Role" || kind == "ClusterRole") CheckRoles(object, report);
  if (kind == "Pod") CheckPodSpec(At(object, "/spec"), "spec", report);
  CheckWorkload(object, report);
  return std::move(report.problems);
}

std::vector<std::string> ChangeProblems(const Json& before, const Json& after) {
  Report report;
  for (const std::string& pointer : Immutable(StringAt(before, "/kind"))) {
    const Json& was = At(before, pointer);
    // What nobody has decided yet (a node, an address) may be.
    const bool undecided = was.is_null() || was == "";
    report.Expect(undecided || was == At(after, pointer), pointer, "cannot be changed");
  }
  if (BoolAt(before, "/immutable")) {
    report.Expect(At(before, "/data") == At(after, "/data") && BoolAt(after, "/immutable"), "data",
                  "cannot be changed: the object is immutable");
  }
  for (std::string& problem : report.problems) {
    if (problem.front() != '/') continue;
    problem.erase(0, 1);
    for (size_t i = 0; i < problem.find(':'); ++i) {
      if (problem[i] == '/') problem[i] = '.';
    }
  }
  return std::move(report.problems);
}

}  // namespace chains::deploy::fake
