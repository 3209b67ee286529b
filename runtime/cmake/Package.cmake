# .deb packages: libchains-dev (what builds a chain), chains (the command line, with a platform for this
# machine), chains-gateway (what answers HTTP in front of chains elsewhere), and of a cluster
# chains-platform and chains-agent (the first process of each pod of a replica). `./dev package` makes
# them; container images are made of them, and of chains-examples, which is no part of a release.
include(BuiltWith)

# The licence where Debian looks for it.
function(_chains_copyright package component)
  set(copyright ${PROJECT_BINARY_DIR}/packages/${package}/copyright)
  file(WRITE ${copyright} "Copyright: the authors of Chains\nSPDX-License-Identifier: Apache-2.0\n")
  install(FILES ${copyright} DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component})
endfunction()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME chains)
set(CPACK_PACKAGE_VENDOR Chains)
set(CPACK_PACKAGE_CONTACT "Chains maintainers <maintainers@chains.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libchains-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS ON)
string(
  JOIN ", " CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "g++ (>= 4:12) | clang (>= 1:14)"
  "cmake (>= 3.25)"
  "make"
  "pkg-config"
  "libgrpc++-dev (>= 1.51)"
  "protobuf-compiler-grpc"
  "libprotobuf-dev (>= 3.21)"
  "protobuf-compiler"
  "libabsl-dev"
  "libboost-dev (>= 1.74)"
  "libcurl4-openssl-dev"
  "libmimalloc-dev (>= 2)"
  "libnghttp2-dev"
  "libssl-dev"
  "libwslay-dev"
  "libzstd-dev"
  "prometheus-cpp-dev"
  "zlib1g-dev")
set(CPACK_COMPONENT_DEV_DESCRIPTION
    "C++20 runtime for inference chains over gRPC\n\
Libraries, headers, code generator and CMake package with which a chain is written and built.\n\
Licence: Apache-2.0.")
_chains_copyright(libchains-dev dev)

# _chains_program_package(COMPONENT PACKAGE SUMMARY DESCRIPTION TARGET...): PACKAGE has the programs.
function(_chains_program_package component package summary description)
  string(TOUPPER ${component} key)
  set(folder ${CMAKE_INSTALL_BINDIR})
  if(component STREQUAL examples)
    set(folder lib/chains/examples)
  endif()
  install(TARGETS ${ARGN} RUNTIME DESTINATION ${folder} COMPONENT ${component})
  _chains_copyright(${package} ${component})
  chains_install_built_with(${package} ${component})
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${package} PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_SECTION net PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_SHLIBDEPS ON PARENT_SCOPE)
  set(CPACK_COMPONENT_${key}_DESCRIPTION "${summary}\n${description}\nLicence: Apache-2.0." PARENT_SCOPE)
  if(NOT component STREQUAL examples)
    set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)
  endif()
endfunction()

if(TARGET chains-gateway)
  _chains_program_package(
    gateway chains-gateway "HTTP and JSON in front of inference chains"
    "Answers POST requests in JSON by calls of chains over gRPC." chains-gateway)
  set(CPACK_DEBIAN_GATEWAY_PACKAGE_DEPENDS "ca-certificates") # of webhooks
endif()
if(TARGET chains-platform)
  install(TARGETS chains-platform RUNTIME COMPONENT platform)
  list(APPEND CPACK_COMPONENTS_ALL platform)
  set(CPACK_DEBIAN_PLATFORM_PACKAGE_NAME chains-platform)
  set(CPACK_DEBIAN_PLATFORM_PACKAGE_SECTION net)
  set(CPACK_DEBIAN_PLATFORM_PACKAGE_SHLIBDEPS ON)
  set(CPACK_COMPONENT_PLATFORM_DESCRIPTION
      "Platform of inference chains on a Kubernetes cluster\n\
Takes pushes, decides what runs, and has it run in pods.\n\
Licence: Apache-2.0.")
  _chains_copyright(chains-platform platform)
endif()
if(TARGET chains-cli)
  _chains_program_package(
    cli chains "command line and platform for inference chains"
    "Builds, deploys, scales and watches chains of gRPC services on this machine." chains-cli)
  set(CPACK_DEBIAN_CLI_PACKAGE_DEPENDS "binutils, ca-certificates, libc-bin")
  set(CPACK_DEBIAN_CLI_PACKAGE_RECOMMENDS "libchains-dev")
endif()
if(TARGET chains-platform)
  _chains_program_package(
    platform chains-platform "platform for inference chains on a cluster"
    "Keeps what is deployed, and runs it in the pods of a Kubernetes cluster." chains-platform)
  set(CPACK_DEBIAN_PLATFORM_PACKAGE_DEPENDS "ca-certificates")
endif()
if(TARGET chains-agent)
  _chains_program_package(
    agent chains-agent "runs programs of inference chains in a pod"
    "Asks a platform what it is to run, fetches that and runs it." chains-agent)
endif()

# Programs that `chains push` takes as they are, with what they need when they are pushed.
if(TARGET hello AND TARGET transcribe)
  _chains_program_package(
    examples chains-examples "inference chains to try"
    "Programs that chains push deploys, in /usr/lib/chains/examples." hello transcribe)
  set(CPACK_DEBIAN_EXAMPLES_PACKAGE_DEPENDS "pocketsphinx-en-us")
endif()
include(CPack)

# What `./dev images` packs.
add_custom_target(images)
foreach(
  target IN
  ITEMS chains-gateway
        chains-cli
        chains-platform
        chains-agent
        hello
        transcribe
        protoc-gen-chains
        chains_gateway
        chains_no_frontend
        chains_curl
        chains_no_http_client
        chains_testing
        chains_gpu_cuda)
  if(TARGET ${target})
    add_dependencies(images ${target})
  endif()
endforeach()
