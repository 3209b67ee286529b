# .deb packages: libchains-dev (what builds a chain), chains (the command line, with a platform for this
# machine) and chains-gateway (what answers HTTP in front of chains elsewhere). `./dev package` makes
# them.

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
  "libmimalloc-dev (>= 2)"
  "libssl-dev"
  "prometheus-cpp-dev")
set(CPACK_COMPONENT_DEV_DESCRIPTION
    "C++20 runtime for inference chains over gRPC\n\
Libraries, headers, code generator and CMake package with which a chain is written and built.\n\
Licence: Apache-2.0.")
_chains_copyright(libchains-dev dev)

if(TARGET chains-gateway)
  install(TARGETS chains-gateway RUNTIME COMPONENT gateway)
  list(APPEND CPACK_COMPONENTS_ALL gateway)
  set(CPACK_DEBIAN_GATEWAY_PACKAGE_NAME chains-gateway)
  set(CPACK_DEBIAN_GATEWAY_PACKAGE_SECTION net)
  set(CPACK_DEBIAN_GATEWAY_PACKAGE_SHLIBDEPS ON)
  set(CPACK_COMPONENT_GATEWAY_DESCRIPTION
      "HTTP and JSON in front of inference chains\n\
Answers POST requests in JSON by calls of chains over gRPC.\n\
Licence: Apache-2.0.")
  _chains_copyright(chains-gateway gateway)
endif()
if(TARGET chains-cli)
  install(TARGETS chains-cli RUNTIME COMPONENT cli)
  list(APPEND CPACK_COMPONENTS_ALL cli)
  set(CPACK_DEBIAN_CLI_PACKAGE_NAME chains)
  set(CPACK_DEBIAN_CLI_PACKAGE_SECTION net)
  set(CPACK_DEBIAN_CLI_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_CLI_PACKAGE_DEPENDS "binutils, ca-certificates, libc-bin")
  set(CPACK_DEBIAN_CLI_PACKAGE_RECOMMENDS "libchains-dev")
  set(CPACK_COMPONENT_CLI_DESCRIPTION
      "command line and platform for inference chains\n\
Builds, deploys, scales and watches chains of gRPC services on this machine.\n\
Licence: Apache-2.0.")
  _chains_copyright(chains cli)
endif()
include(CPack)
