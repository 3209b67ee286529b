#include "tests/support/kubernetes/schema_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kubernetes/quantity.h"
#include "tests/support/kubernetes/samples.h"

namespace chains::deploy::fake {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What is found when `value` is put at a JSON pointer of a right Deployment.
std::vector<std::string> SchemaWith(const std::string& pointer, const Json& value) {
  Json deployment = SampleDeployment("hello");
  deployment[Json::json_pointer(pointer)] = value;
  return SchemaProblems(deployment);
}

TEST(SchemaCheckTest, ARightObjectIsFine) {
  EXPECT_THAT(SchemaProblems(SampleDeployment("hello")), IsEmpty());
  EXPECT_THAT(SchemaProblems(SampleService("hello")), IsEmpty());
  EXPECT_THAT(SchemaProblems(SampleConfigMap("hello")), IsEmpty());
}

TEST(SchemaCheckTest, AnUnknownFieldIsNamedWithItsPath) {
  EXPECT_THAT(SchemaWith("/spec/template/spec/containers/0/imag", "x"),
              ElementsAre("spec.template.spec.containers[0].imag: unknown field"));
  EXPECT_THAT(SchemaWith("/sepc", Json::object()), ElementsAre("sepc: unknown field"));
}

TEST(SchemaCheckTest, AWrongTypeIsNamed) {
  EXPECT_THAT(SchemaWith("/spec/replicas", "three"),
              ElementsAre("spec.replicas: \"three\" is no integer"));
  EXPECT_THAT(SchemaWith("/spec/replicas", 3'000'000'000),
              ElementsAre("spec.replicas: 3000000000 is no int32"));
  EXPECT_THAT(SchemaWith("/spec/paused", 1), ElementsAre("spec.paused: 1 is no boolean"));
  EXPECT_THAT(SchemaWith("/metadata/labels/app", 1),
              ElementsAre("metadata.labels.app: 1 is no string"));
  EXPECT_THAT(SchemaWith("/metadata/labels", "a=b"),
              ElementsAre("metadata.labels: \"a=b\" is no object"));
  EXPECT_THAT(SchemaWith("/spec/template/spec/tolerations", Json::object()),
              ElementsAre("spec.template.spec.tolerations: {} is no list"));
}

TEST(SchemaCheckTest, WhatIsRequiredAndMissingIsNamed) {
  Json deployment = SampleDeployment("hello");
  deployment["spec"].erase("selector");
  deployment["spec"]["template"]["spec"]["containers"][0].erase("name");
  EXPECT_THAT(SchemaProblems(deployment),
              ElementsAre("spec.template.spec.containers[0].name: required, and missing",
                          "spec.template.spec.containers[0].name: required: it is the item's key",
                          "spec.selector: required, and missing"));
  // What is applied adds to what is there; but an item has its key.
  EXPECT_THAT(SchemaProblems(deployment, Whole::kApplied),
              ElementsAre("spec.template.spec.containers[0].name: required: it is the item's key"));
}

TEST(SchemaCheckTest, OnlyAllowedValuesPass) {
  EXPECT_THAT(SchemaWith("/spec/template/spec/containers/0/imagePullPolicy", "Sometimes"),
              ElementsAre("spec.template.spec.containers[0].imagePullPolicy: \"Sometimes\" is none "
                          "of [\"Always\",\"IfNotPresent\",\"Never\"]"));
}

TEST(SchemaCheckTest, QuantitiesAreWellFormed) {
  const std::string at = "/spec/template/spec/containers/0/resources/requests/memory";
  for (const Json& right : {Json("1"), Json("100m"), Json("1.5Gi"), Json("2e3"), Json(4)}) {
    EXPECT_THAT(SchemaWith(at, right), IsEmpty()) << right;
  }
  for (const Json& wrong : {Json("1 Gi"), Json("1GB"), Json(""), Json("Gi"), Json(true)}) {
    EXPECT_THAT(SchemaWith(at, wrong), ::testing::SizeIs(1)) << wrong;
  }
  EXPECT_EQ(ParseQuantity("1.5Gi"), 1.5 * 1024 * 1024 * 1024);
  EXPECT_EQ(ParseQuantity("250m"), 0.25);
}

TEST(SchemaCheckTest, SomeFieldsAreIntegersOrStrings) {
  const std::string at = "/spec/strategy/rollingUpdate/maxSurge";
  EXPECT_THAT(SchemaWith(at, 1), IsEmpty());
  EXPECT_THAT(SchemaWith(at, "25%"), IsEmpty());
  EXPECT_THAT(SchemaWith(at, 0.5), ::testing::SizeIs(1));
}

TEST(SchemaCheckTest, TwoItemsOfAListHaveDifferentKeys) {
  Json deployment = SampleDeployment("hello");
  Json& container = deployment["spec"]["template"]["spec"]["containers"][0];
  container["env"].push_back({{"name", "MODE"}, {"value", "slow"}});
  // Ports are TCP where they do not say.
  container["ports"].push_back({{"containerPort", 7001}, {"protocol", "TCP"}});
  container["ports"].push_back({{"containerPort", 7001}, {"protocol", "UDP"}});
  EXPECT_THAT(SchemaProblems(deployment),
              ElementsAre("spec.template.spec.containers[0].env[1]: duplicate name [\"MODE\"]",
                          "spec.template.spec.containers[0].ports[1]: duplicate "
                          "containerPort+protocol [7001,\"TCP\"]"));
}

TEST(SchemaCheckTest, BytesAreInBase64AndTimesAreTimes) {
  const Json secret = {{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", SampleMetadata("token")},
                       {"data", {{"good", "YWJj"}, {"wrong", "a b!"}}}};
  EXPECT_THAT(SchemaProblems(secret), ElementsAre("data.wrong: is not in base64"));
  EXPECT_THAT(SchemaWith("/metadata/creationTimestamp", "yesterday"), ::testing::SizeIs(1));
  EXPECT_THAT(SchemaWith("/metadata/creationTimestamp", "2026-11-26T09:00:00Z"), IsEmpty());
}

TEST(SchemaCheckTest, KindsThatAreUnknownAreRefused) {
  Json deployment = SampleDeployment("hello");
  deployment["apiVersion"] = "apps/v1beta1";
  EXPECT_THAT(SchemaProblems(deployment),
              ElementsAre("kind: there is no 'Deployment' in 'apps/v1beta1'"));
}

TEST(SchemaCheckTest, CustomResourcesHaveSchemasToo) {
  Json scaled = {
      {"apiVersion", "keda.sh/v1alpha1"},
      {"kind", "ScaledObject"},
      {"metadata", SampleMetadata("hello")},
      {"spec",
       {{"scaleTargetRef", {{"name", "hello"}}},
        {"minReplicaCount", 0},
        {"triggers",
         Json::array({{{"type", "external-push"}, {"metadata", {{"scalerAddress", "a:1"}}}}})}}}};
  EXPECT_THAT(SchemaProblems(scaled), IsEmpty());
  scaled["spec"]["minReplicas"] = 1;
  scaled["spec"]["triggers"][0].erase("metadata");
  EXPECT_THAT(SchemaProblems(scaled),
              ElementsAre("spec.minReplicas: unknown field",
                          "spec.triggers[0].metadata: required, and missing"));
}

}  // namespace
}  // namespace chains::deploy::fake
