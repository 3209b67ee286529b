// Rules of pods: CheckPodSpec().
#include <algorithm>
#include <iterator>
#include <set>

#include "chains/core/text.h"
#include "tests/support/kubernetes/quantity.h"
#include "tests/support/kubernetes/rules.h"
#include "tests/support/kubernetes/syntax.h"

namespace chains::deploy::fake {
namespace {

class PodCheck {
 public:
  PodCheck(const Json& spec, std::string path, Report& report)
      : spec_(spec), path_(std::move(path)), report_(report) {}

  void Run() {
    CheckVolumes();
    report_.Expect(!At(spec_, "/containers").empty(), path_ + ".containers", "required");
    for (const char* const list : {"containers", "initContainers"}) {
      size_t index = 0;
      for (const Json& container : At(spec_, Text("/", list))) {
        CheckContainer(container, Text(path_, ".", list, "[", index++, "]"));
      }
    }
    CheckPlacing();
    report_.ExpectRange(spec_, "/terminationGracePeriodSeconds",
                        path_ + ".terminationGracePeriodSeconds", 0, Report::kMost);
    report_.ExpectText(spec_, "/serviceAccountName", path_ + ".serviceAccountName", IsSubdomain,
                       "is no DNS-1123 subdomain");
    report_.ExpectText(spec_, "/priorityClassName", path_ + ".priorityClassName", IsSubdomain,
                       "is no DNS-1123 subdomain");
    report_.ExpectText(spec_, "/runtimeClassName", path_ + ".runtimeClassName", IsSubdomain,
                       "is no DNS-1123 subdomain");
    CheckSecurity(At(spec_, "/securityContext"), path_ + ".securityContext");
  }

 private:
  static const Json& Source(const Json& volume, const char* name) {
    return At(volume, Text("/", name));
  }

  void CheckVolumes() {
    size_t index = 0;
    for (const Json& volume : At(spec_, "/volumes")) {
      const std::string path = Text(path_, ".volumes[", index++, "]");
      const std::string name = StringAt(volume, "/name");
      report_.Expect(IsDnsLabel(name), path + ".name", Text("'", name, "' is no DNS label"));
      report_.Expect(volumes_.insert(name).second, path + ".name", Text("duplicate '", name, "'"));
      report_.Expect(volume.size() == 2, path, "a volume has one source");
      const Json& scratch = Source(volume, "emptyDir");
      const Json& limit = At(scratch, "/sizeLimit");
      if (!limit.is_null()) {
        report_.Expect(ParseQuantity(limit).value_or(-1) >= 0, path + ".emptyDir.sizeLimit",
                       "must not be negative");
      }
      const std::string medium = StringAt(scratch, "/medium");
      report_.Expect(medium.empty() || medium == "Memory" || medium.rfind("HugePages", 0) == 0,
                     path + ".emptyDir.medium", Text("'", medium, "' is unknown"));
      if (volume.contains("secret")) {
        report_.Expect(!StringAt(volume, "/secret/secretName").empty(), path + ".secret.secretName",
                       "required, and missing");
      }
      for (const char* const mode : {"/secret/defaultMode", "/configMap/defaultMode"}) {
        report_.ExpectRange(volume, mode, path + mode, 0, 0777);
      }
    }
  }

  void CheckContainer(const Json& container, const std::string& path) {
    const std::string name = StringAt(container, "/name");
    report_.Expect(IsDnsLabel(name), path + ".name", Text("'", name, "' is no DNS label"));
    report_.Expect(containers_.insert(name).second, path + ".name", Text("duplicate '", name, "'"));
    report_.Expect(!StringAt(container, "/image").empty(), path + ".image",
                   "required, and missing");
    CheckPorts(container, path);
    CheckEnvironment(container, path);
    std::set<std::string> mounted;
    for (const Json& mount : At(container, "/volumeMounts")) {
      const std::string volume = StringAt(mount, "/name"), at = StringAt(mount, "/mountPath");
      report_.Expect(volumes_.count(volume) != 0, path + ".volumeMounts",
                     Text("there is no volume '", volume, "'"));
      report_.Expect(!at.empty() && mounted.insert(at).second, path + ".volumeMounts",
                     Text("mountPath '", at, "' is empty or used twice"));
    }
    for (const char* const probe : {"readinessProbe", "livenessProbe", "startupProbe"}) {
      CheckProbe(container, probe, path);
    }
    CheckResources(At(container, "/resources"), path + ".resources");
    CheckSecurity(At(container, "/securityContext"), path + ".securityContext");
  }

  void CheckPorts(const Json& container, const std::string& path) {
    for (const Json& port : At(container, "/ports")) {
      report_.ExpectRange(port, "/containerPort", path + ".ports.containerPort", 1, 65535);
      const std::string name = StringAt(port, "/name");
      if (name.empty()) continue;
      report_.Expect(IsPortName(name), path + ".ports.name",
                     Text("'", name, "': 15 lower case letters, digits and '-' at most"));
      report_.Expect(ports_.insert(name).second, path + ".ports.name",
                     Text("duplicate '", name, "'"));
    }
  }

  void CheckEnvironment(const Json& container, const std::string& path) {
    for (const Json& variable : At(container, "/env")) {
      report_.ExpectText(variable, "/name", path + ".env", IsVariable, "is no variable's name");
      const Json& from = At(variable, "/valueFrom");
      if (from.is_null()) continue;
      report_.Expect(StringAt(variable, "/value").empty(), path + ".env",
                     "has both value and valueFrom");
      report_.Expect(from.size() == 1, path + ".env.valueFrom", "has one source");
      report_.ExpectText(from, "/fieldRef/fieldPath", path + ".env.valueFrom.fieldRef",
                         IsDownwardField, "is no field that pods are told");
    }
  }
  static bool IsDownwardField(std::string_view field) {
    static constexpr std::string_view kFields[] = {
        "metadata.name", "metadata.namespace", "metadata.uid",
        "spec.nodeName", "status.hostIP",      "status.hostIPs",
        "status.podIP",  "status.podIPs",      "spec.serviceAccountName"};
    return std::find(std::begin(kFields), std::end(kFields), field) != std::end(kFields) ||
           field.rfind("metadata.labels['", 0) == 0 ||
           field.rfind("metadata.annotations['", 0) == 0;
  }

  void CheckProbe(const Json& container, const std::string& name, const std::string& parent) {
    const Json& probe = At(container, Text("/", name));
    if (probe.is_null()) return;
    const std::string path = Text(parent, ".", name);
    int handlers = 0;
    for (const char* const handler : {"grpc", "httpGet", "tcpSocket", "exec"}) {
      handlers += probe.contains(handler);
    }
    report_.Expect(handlers == 1, path, "has exactly one of grpc, httpGet, tcpSocket, exec");
    report_.ExpectRange(probe, "/grpc/port", path + ".grpc.port", 1, 65535);
    report_.ExpectRange(probe, "/httpGet/port", path + ".httpGet.port", 1, 65535);
    for (const char* const field : {"periodSeconds", "timeoutSeconds", "failureThreshold"}) {
      report_.ExpectRange(probe, Text("/", field), Text(path, ".", field), 1, Report::kMost);
    }
    report_.ExpectRange(probe, "/successThreshold", path + ".successThreshold", 1,
                        name == "readinessProbe" ? Report::kMost : 1);
    report_.Expect(name != "readinessProbe" || !probe.contains("terminationGracePeriodSeconds"),
                   path + ".terminationGracePeriodSeconds", "is not for readiness");
  }

  void CheckResources(const Json& resources, const std::string& path) {
    const Json& limits = At(resources, "/limits");
    const Json& requests = At(resources, "/requests");
    for (const auto& [name, value] : limits.items()) CheckResource(name, value, path + ".limits");
    for (const auto& [name, value] : requests.items()) {
      CheckResource(name, value, path + ".requests");
      const auto limit = limits.find(name);
      const double wanted = ParseQuantity(value).value_or(0);
      if (limit != limits.end()) {
        const double most = ParseQuantity(*limit).value_or(0);
        report_.Expect(wanted <= most, Text(path, ".requests.", name), "is more than its limit");
        report_.Expect(!IsExtended(name) || wanted == most, Text(path, ".requests.", name),
                       "must equal its limit: it cannot be overcommitted");
      } else {
        report_.Expect(!IsExtended(name), Text(path, ".limits.", name),
                       "required: it cannot be overcommitted");
      }
    }
  }
  static bool IsExtended(const std::string& name) { return name.find('/') != std::string::npos; }
  void CheckResource(const std::string& name, const Json& value, const std::string& path) {
    const bool known = name == "cpu" || name == "memory" || name == "ephemeral-storage" ||
                       name.rfind("hugepages-", 0) == 0;
    report_.Expect(known || (IsExtended(name) && IsLabelKey(name)), path,
                   Text("'", name, "' is no resource"));
    const double amount = ParseQuantity(value).value_or(-1);
    report_.Expect(amount >= 0, Text(path, ".", name), "must not be negative");
    report_.Expect(!IsExtended(name) || amount == static_cast<double>(static_cast<int64_t>(amount)),
                   Text(path, ".", name), "must be a whole number");
  }

  void CheckPlacing() {
    CheckLabels(At(spec_, "/nodeSelector"), path_ + ".nodeSelector", report_);
    for (const Json& toleration : At(spec_, "/tolerations")) {
      const std::string path = path_ + ".tolerations";
      const std::string by = StringAt(toleration, "/operator");
      const std::string effect = StringAt(toleration, "/effect");
      report_.Expect(by != "Exists" || StringAt(toleration, "/value").empty(), path,
                     "operator Exists takes no value");
      report_.Expect(!StringAt(toleration, "/key").empty() || by == "Exists", path,
                     "without a key the operator is Exists");
      report_.Expect(effect.empty() || effect == "NoSchedule" || effect == "PreferNoSchedule" ||
                         effect == "NoExecute",
                     path, Text("'", effect, "' is no effect"));
      report_.Expect(!toleration.contains("tolerationSeconds") || effect == "NoExecute", path,
                     "tolerationSeconds is for NoExecute");
    }
    for (const Json& spread : At(spec_, "/topologySpreadConstraints")) {
      const std::string path = path_ + ".topologySpreadConstraints";
      report_.ExpectRange(spread, "/maxSkew", path + ".maxSkew", 1, Report::kMost);
      report_.ExpectText(spread, "/topologyKey", path, IsLabelKey, "is no label's key");
      CheckSelector(At(spread, "/labelSelector"), path + ".labelSelector", report_);
    }
  }

  void CheckSecurity(const Json& context, const std::string& path) {
    for (const char* const field : {"runAsUser", "runAsGroup", "fsGroup"}) {
      report_.ExpectRange(context, Text("/", field), Text(path, ".", field), 0, Report::kMost);
    }
    const Json& profile = At(context, "/seccompProfile");
    report_.Expect(profile.is_null() || profile.contains("localhostProfile") ==
                                            (StringAt(profile, "/type") == "Localhost"),
                   path + ".seccompProfile", "localhostProfile goes with type Localhost");
    report_.Expect(
        !BoolAt(context, "/privileged") || BoolAt(context, "/allowPrivilegeEscalation", true), path,
        "privileged, without privilege escalation");
  }

  const Json& spec_;
  const std::string path_;
  Report& report_;
  std::set<std::string> volumes_, containers_, ports_;
};

}  // namespace

void CheckPodSpec(const Json& spec, const std::string& path, Report& report) {
  PodCheck(spec, path, report).Run();
}

}  // namespace chains::deploy::fake
