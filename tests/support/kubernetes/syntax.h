// How names are written in Kubernetes (k8s.io/apimachinery, pkg/util/validation).
//
//   IsDnsLabel("hello-1")   IsLabelKey("chains.dev/chain")   IsPortName("grpc")
#pragma once

#include <string_view>

namespace chains::deploy::fake {

bool IsDnsLabel(std::string_view text);      // RFC 1123: [a-z0-9]([-a-z0-9]*[a-z0-9])?, 63 at most
bool IsDns1035Label(std::string_view text);  // the same, beginning with a letter
bool IsSubdomain(std::string_view text);     // labels joined by '.', 253 at most
bool IsLabelKey(std::string_view text);      // [SUBDOMAIN/]NAME
bool IsLabelValue(std::string_view text);    // empty, or letters, digits, -_. inside; 63 at most
bool IsPortName(std::string_view text);      // 15 at most, lower case, with a letter
bool IsDataKey(std::string_view text);       // of a ConfigMap or Secret
bool IsVariable(std::string_view text);      // the name of an environment variable
bool IsTime(std::string_view text);          // RFC 3339
bool IsBase64(std::string_view text);

}  // namespace chains::deploy::fake
