// The names that processes of a platform have in their certificates (URI subject alternative names,
// RFC 5280, 4.2.1.6), in the style of SPIFFE IDs.
//
//   spiffe://chains.local/chain/hello/chainlet/hello.SayHello
//   spiffe://chains.local/gateway
//   spiffe://chains.local/platform
//
// A replica that serves several chainlets has several names. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains {

// Of the other end of a connection; empty: it has shown no certificate.
using PeerNames = std::vector<std::string>;

// `contract` is the full name of the chainlet's contract.
std::string ChainletPeer(std::string_view trust_domain, std::string_view chain,
                         std::string_view contract);
std::string GatewayPeer(std::string_view trust_domain);
std::string PlatformPeer(std::string_view trust_domain);

// The host that is asked for in a TLS handshake (SNI), whoever it is: certificates have it as a DNS
// name, too, because gRPC's server writes an error for each connection where none has.
inline constexpr char kTlsServerName[] = "chains.internal";

// "spiffe://chains.local/gateway" → "chains.local". INVALID_ARGUMENT: it is no SPIFFE ID.
absl::StatusOr<std::string> TrustDomainOf(std::string_view name);

// INVALID_ARGUMENT says what is wrong with it: it is 1 to 255 of a-z, 0-9, '.', '-' and '_'.
absl::Status CheckTrustDomain(std::string_view trust_domain);

// "spiffe://chains.local/chain/hello/chainlet/hello.SayHello, spiffe://…"; "nobody" without any.
std::string ForPeople(const PeerNames& names);

}  // namespace chains
