// RuleProblems: what a Kubernetes API server refuses although the schema allows it, as far as our
// objects use it.
//
//   std::vector<std::string> problems = RuleProblems(deployment);   // after SchemaProblems()
//   // "spec.template.metadata.labels: spec.selector wants app=hello, they have app=hallo"
//   problems = ChangeProblems(before, after);
//   // "spec.selector: cannot be changed"
//
// As k8s.io/kubernetes has them in pkg/apis/*/validation.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/apiserver/object.h"

namespace chains::deploy::fake {

// Of an object whose form is right. Empty: it is fine.
std::vector<std::string> RuleProblems(const Json& object);
// What may not be changed, and is.
std::vector<std::string> ChangeProblems(const Json& before, const Json& after);

// Where rules write what they find.
class Report {
 public:
  static constexpr int64_t kMost = int64_t{1} << 31;  // of a number without a bound of its own

  void Add(const std::string& path, const std::string& what);
  // `ok`, or the problem.
  void Expect(bool ok, const std::string& path, const std::string& what) {
    if (!ok) Add(path, what);
  }
  // The text at `pointer` where there is any.
  void ExpectText(const Json& object, std::string_view pointer, const std::string& path,
                  const std::function<bool(std::string_view)>& right, const std::string& what);
  void ExpectRange(const Json& object, std::string_view pointer, const std::string& path,
                   int64_t least, int64_t most);

  std::vector<std::string> problems;
};

// Labels, or what selects by them.
void CheckLabels(const Json& labels, const std::string& path, Report& report);
void CheckSelector(const Json& selector, const std::string& path, Report& report);
// A pod's template, or the pod.
void CheckPodSpec(const Json& spec, const std::string& path, Report& report);
// Deployments, jobs, autoscalers and what keeps them up.
void CheckWorkload(const Json& object, Report& report);

}  // namespace chains::deploy::fake
