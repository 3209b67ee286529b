#include "tests/support/kubernetes/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kubernetes/samples.h"
#include "tests/support/kubernetes/schema_check.h"

namespace chains::deploy::fake {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kContainer[] = "/spec/template/spec/containers/0";

// What is refused when `value` is put at a JSON pointer of a right object.
std::vector<std::string> With(Json object, const std::string& pointer, const Json& value) {
  object[Json::json_pointer(pointer)] = value;
  EXPECT_THAT(SchemaProblems(object), IsEmpty()) << "the schema already refuses it";
  return RuleProblems(object);
}
std::vector<std::string> With(const std::string& pointer, const Json& value) {
  return With(SampleDeployment("hello"), pointer, value);
}

TEST(RulesTest, RightObjectsAreFine) {
  EXPECT_THAT(RuleProblems(SampleDeployment("hello")), IsEmpty());
  EXPECT_THAT(RuleProblems(SampleService("hello")), IsEmpty());
  EXPECT_THAT(RuleProblems(SampleConfigMap("hello.world")), IsEmpty());
}

TEST(RulesTest, NamesAndLabelsHaveALengthAndAForm) {
  EXPECT_THAT(With("/metadata/name", "Hello"), Contains(HasSubstr("no DNS-1123 subdomain")));
  EXPECT_THAT(With("/metadata/name", std::string(254, 'a')), ::testing::SizeIs(1));
  EXPECT_THAT(With(SampleService("hello"), "/metadata/name", "1hello"),
              Contains(HasSubstr("no DNS-1035 label")));
  EXPECT_THAT(With("/metadata/labels/x", std::string(64, 'a')), Contains(HasSubstr("is no label")));
  EXPECT_THAT(With("/metadata/labels/x", "a,b"), Contains(HasSubstr("is no label")));
  EXPECT_THAT(With("/metadata/labels/x", ""), IsEmpty());
  EXPECT_THAT(With("/metadata/annotations", {{"a b", "c"}}),
              Contains(HasSubstr("no qualified name")));
  EXPECT_THAT(With("/metadata/annotations", {{"a", std::string(300'000, 'x')}}),
              Contains(HasSubstr("262144")));
}

TEST(RulesTest, ASelectorSelectsItsOwnTemplate) {
  EXPECT_THAT(With("/spec/template/metadata/labels/app", "hallo"),
              ElementsAre("spec.template.metadata.labels: spec.selector wants app=hello"));
  EXPECT_THAT(With("/spec/selector", Json::object()),
              ElementsAre("spec.selector: must select something"));
}

TEST(RulesTest, WhatIsImmutableStays) {
  Json after = SampleDeployment("hello");
  after["spec"]["replicas"] = 5;
  EXPECT_THAT(ChangeProblems(SampleDeployment("hello"), after), IsEmpty());
  after["spec"]["selector"]["matchLabels"]["app"] = "other";
  EXPECT_THAT(ChangeProblems(SampleDeployment("hello"), after),
              ElementsAre("spec.selector: cannot be changed"));
}

TEST(RulesTest, PortsHaveNamesOfFifteenLettersThatDiffer) {
  const std::string ports = std::string(kContainer) + "/ports";
  EXPECT_THAT(With(ports + "/0/name", "a-very-long-port-name"), ::testing::SizeIs(1));
  EXPECT_THAT(With(ports + "/0/containerPort", 70000), Contains(HasSubstr("between 1 and 65535")));
  EXPECT_THAT(With(ports + "/1", {{"name", "calls"}, {"containerPort", 1}}),
              Contains(HasSubstr("duplicate 'calls'")));
  EXPECT_THAT(With(SampleService("hello"), "/spec/ports/1", {{"port", 1}}),
              Contains(HasSubstr("required with several ports")));
}

TEST(RulesTest, ProbesHaveOneHandler) {
  const std::string probe = std::string(kContainer) + "/readinessProbe";
  EXPECT_THAT(With(probe + "/grpc/port", 0), Contains(HasSubstr("grpc.port")));
  EXPECT_THAT(With(probe + "/tcpSocket", {{"port", 1}}), Contains(HasSubstr("exactly one")));
  EXPECT_THAT(With(probe + "/periodSeconds", 0), Contains(HasSubstr("periodSeconds")));
}

TEST(RulesTest, VolumesAreThereAndHaveASource) {
  EXPECT_THAT(With(std::string(kContainer) + "/volumeMounts/0/name", "other"),
              Contains(HasSubstr("there is no volume 'other'")));
  EXPECT_THAT(With("/spec/template/spec/volumes/0/emptyDir/sizeLimit", "-1"),
              Contains(HasSubstr("must not be negative")));
  EXPECT_THAT(With("/spec/template/spec/volumes/0/emptyDir/medium", "Ram"),
              Contains(HasSubstr("'Ram' is unknown")));
  EXPECT_THAT(With("/spec/template/spec/volumes/0/secret", {{"secretName", "x"}}),
              Contains(HasSubstr("one source")));
}

TEST(RulesTest, GpusAreLimitedAndWhole) {
  const std::string resources = std::string(kContainer) + "/resources";
  EXPECT_THAT(With(resources + "/limits", {{"nvidia.com/gpu", 1}}), IsEmpty());
  EXPECT_THAT(With(resources + "/limits", {{"nvidia.com/gpu", "500m"}}),
              Contains(HasSubstr("whole number")));
  EXPECT_THAT(With(resources + "/requests", {{"nvidia.com/gpu", 1}}),
              Contains(HasSubstr("overcommitted")));
  EXPECT_THAT(With(resources + "/limits", {{"memory", "1Mi"}}),
              Contains(HasSubstr("more than its limit")));
  EXPECT_THAT(With(resources + "/limits", {{"gpu", 1}}), Contains(HasSubstr("is no resource")));
}

TEST(RulesTest, TolerationsAndFieldsOfPodsAreThoseThatThereAre) {
  EXPECT_THAT(With("/spec/template/spec/tolerations",
                   Json::array({{{"key", "a"}, {"operator", "Exists"}, {"value", "b"}}})),
              Contains(HasSubstr("takes no value")));
  EXPECT_THAT(With(std::string(kContainer) + "/env",
                   Json::array({{{"name", "A"},
                                 {"valueFrom", {{"fieldRef", {{"fieldPath", "spec.node"}}}}}}})),
              Contains(HasSubstr("no field that pods are told")));
}

TEST(RulesTest, AutoscalersHaveALimitAndTheMetricOfTheirType) {
  const Json metric = {{"type", "Pods"},
                       {"pods",
                        {{"metric", {{"name", "wanted"}}},
                         {"target", {{"type", "AverageValue"}, {"averageValue", "1"}}}}}};
  const Json scaler = {{"apiVersion", "autoscaling/v2"},
                       {"kind", "HorizontalPodAutoscaler"},
                       {"metadata", SampleMetadata("hello")},
                       {"spec",
                        {{"scaleTargetRef", {{"kind", "Deployment"}, {"name", "hello"}}},
                         {"minReplicas", 1},
                         {"maxReplicas", 3},
                         {"metrics", Json::array({metric})}}}};
  EXPECT_THAT(RuleProblems(scaler), IsEmpty());
  EXPECT_THAT(With(scaler, "/spec/minReplicas", 0), Contains(HasSubstr("minReplicas")));
  EXPECT_THAT(With(scaler, "/spec/minReplicas", 4), Contains(HasSubstr("maxReplicas")));
  EXPECT_THAT(With(scaler, "/spec/metrics/0/pods/target/type", "Value"),
              Contains(HasSubstr("needs value")));
}

TEST(RulesTest, KeysOfDataAreNamesOfFiles) {
  EXPECT_THAT(With(SampleConfigMap("hello"), "/data", {{"a/b", "c"}}),
              Contains(HasSubstr("is no key")));
  EXPECT_THAT(With(SampleConfigMap("hello"), "/data", {{"a", std::string(2'000'000, 'x')}}),
              Contains(HasSubstr("1 MiB")));
}

}  // namespace
}  // namespace chains::deploy::fake
