# How a chain is built, in the tree of Chains and after find_package(chains) alike.
#
#   chains_add_chain(hello
#     PROTOS hello.proto              # contracts, relative to PROTO_ROOT
#     [SOURCES say_hello.cc...]       # chainlets, best each in a file of its own: `chains watch` then
#                                     # exchanges only those that were edited
#     MAIN main.cc                    # the program that names them, and may hold them all
#     [LIBRARIES target...]           # what the chainlets link
#     [IMPORTS target...]             # contracts of others, made by chains_add_proto()
#     [PROTO_ROOT dir]                # default: the current source folder
#     [FRONTEND gateway|none]         # gateway: the program can answer HTTP itself; default: none
#     [HTTP_CLIENT curl|none])        # curl: it can call services elsewhere that speak JSON over HTTP
#                                     # (Needs<T>{.url = "https://…"}); default: none
#
# makes the libraries hello_proto (messages and contracts: what a client of the chain needs) and, with
# SOURCES, hello_chain (the chainlets: what a test needs), and the program hello, which allocates with
# mimalloc unless CHAINS_ALLOCATOR says otherwise (ChainsAllocator.cmake). It also writes
# BUILD/chains/hello.json, by which `chains push` and `chains watch` find all this (ChainsMarker.cmake).
#
#   chains_add_proto(TARGET PROTOS file.proto... [IMPORTS target...] [PROTO_ROOT dir])
#
# makes the first of these alone. FILE.proto becomes FILE.pb.h (messages) and FILE.chains.h (contracts).
# What its comments say is in no library, but in the program of a chain: what it is described by.
include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/ChainsAllocator.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/ChainsMarker.cmake)

# Where chains/v1/*.proto are (chainsConfig.cmake says so for an installation), then protobuf's own,
# which protoc finds by itself only where /proc is mounted.
if(NOT CHAINS_PROTO_ROOT)
  get_filename_component(CHAINS_PROTO_ROOT ${CMAKE_CURRENT_LIST_DIR}/../../proto ABSOLUTE)
endif()
set_property(GLOBAL PROPERTY CHAINS_PROTO_ROOTS ${CHAINS_PROTO_ROOT} ${Protobuf_INCLUDE_DIRS})
define_property(TARGET PROPERTY CHAINS_COMMENTS BRIEF_DOCS "Object libraries with the comments of a target's contracts")
define_property(TARGET PROPERTY CHAINS_PROTO_ROOTS BRIEF_DOCS "Import roots of the .proto files that a target is made of")

function(chains_add_proto target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PROTO_ROOT" "PROTOS;IMPORTS")
  set(call "chains_add_proto(${target})")
  _chains_check_arguments("${call}" "PROTOS")
  _chains_proto_root(root "${arg_PROTO_ROOT}")

  set(roots ${root})
  set(comments ${target}_comments)
  foreach(import IN LISTS arg_IMPORTS)
    if(NOT TARGET ${import})
      message(FATAL_ERROR "${call}: IMPORTS names ${import}, which is no target yet. "
                          "Make it before with chains_add_proto(${import} …).")
    endif()
    get_target_property(imported ${import} CHAINS_PROTO_ROOTS)
    if(NOT imported)
      message(FATAL_ERROR "${call}: IMPORTS names ${import}, which chains_add_proto() did not make.")
    endif()
    list(APPEND roots ${imported})
    get_target_property(imported_comments ${import} CHAINS_COMMENTS)
    list(APPEND comments ${imported_comments})
  endforeach()
  list(REMOVE_DUPLICATES roots)
  list(REMOVE_DUPLICATES comments)
  get_property(given_roots GLOBAL PROPERTY CHAINS_PROTO_ROOTS)
  list(TRANSFORM roots PREPEND "-I" OUTPUT_VARIABLE flags)
  list(TRANSFORM given_roots PREPEND "-I")
  list(APPEND flags ${given_roots})

  set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${generated})
  set(sources)
  set(headers)
  set(comment_sources)
  foreach(proto IN LISTS arg_PROTOS)
    if(NOT proto MATCHES "^[A-Za-z0-9_/.-]+\\.proto$" OR IS_ABSOLUTE ${proto})
      message(FATAL_ERROR "${call}: PROTOS names ${proto}. Name .proto files relative to PROTO_ROOT "
                          "(${root}), in letters, digits and ._-.")
    endif()
    if(NOT EXISTS ${root}/${proto})
      message(FATAL_ERROR "${call}: there is no file ${root}/${proto}. "
                          "PROTOS are relative to PROTO_ROOT, by default the folder of CMakeLists.txt.")
    endif()
    string(REGEX REPLACE "\\.proto$" "" stem ${generated}/${proto})
    set(written ${stem}.pb.h ${stem}.pb.cc ${stem}.chains.h ${stem}.chains.cc ${stem}.comments.cc)
    add_custom_command(
      OUTPUT ${written}
      COMMAND protobuf::protoc ${flags} --cpp_out=${generated} --chains_out=${generated}
              --plugin=protoc-gen-chains=$<TARGET_FILE:chains::protoc-gen-chains> ${proto}
      DEPENDS ${root}/${proto} chains::protoc-gen-chains
      WORKING_DIRECTORY ${root}
      COMMENT "Writing messages and contracts of ${proto}"
      VERBATIM)
    list(APPEND sources ${stem}.pb.cc ${stem}.chains.cc)
    list(APPEND headers ${stem}.pb.h ${stem}.chains.h)
    list(APPEND comment_sources ${stem}.comments.cc)
  endforeach()

  if(TARGET generated_sources) # in the tree of Chains, for clang-tidy
    add_custom_target(${target}_sources DEPENDS ${headers})
    add_dependencies(generated_sources ${target}_sources)
  endif()
  add_library(${target} STATIC ${sources} ${headers})
  target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${generated}>)
  target_compile_options(${target} PRIVATE -w)
  target_link_libraries(${target} PUBLIC ${arg_IMPORTS} chains::chains)
  set_target_properties(
    ${target} PROPERTIES UNITY_BUILD OFF CHAINS_PROTO_ROOTS "${roots}" CHAINS_GENERATED_HEADERS "${headers}"
                         CHAINS_COMMENTS "${comments}")
  # No part of the library: comments are no code of a chainlet, and what links them has them all.
  add_library(${target}_comments OBJECT ${comment_sources})
  set_target_properties(${target}_comments PROPERTIES UNITY_BUILD OFF)
  add_dependencies(${target}_comments ${target})
  target_compile_options(${target}_comments PRIVATE -w)
endfunction()

function(chains_add_chain name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MAIN;PROTO_ROOT;FRONTEND;HTTP_CLIENT" "PROTOS;SOURCES;LIBRARIES;IMPORTS")
  set(call "chains_add_chain(${name})")
  _chains_check_arguments("${call}" "PROTOS;MAIN")
  if(NOT name MATCHES "^[A-Za-z0-9_-]+$")
    message(FATAL_ERROR "${call}: a chain's name consists of letters, digits, '-' and '_'.")
  endif()
  foreach(source IN LISTS arg_SOURCES arg_MAIN)
    get_filename_component(path ${source} ABSOLUTE)
    get_source_file_property(is_generated ${path} GENERATED)
    if(NOT EXISTS ${path} AND NOT is_generated)
      message(FATAL_ERROR "${call}: there is no file ${path}.")
    endif()
  endforeach()
  _chains_frontend(frontend "${call}" "${arg_FRONTEND}")
  _chains_http_client(http_client "${call}" "${arg_HTTP_CLIENT}")
  _chains_proto_root(root "${arg_PROTO_ROOT}")

  set(imports)
  if(arg_IMPORTS)
    set(imports IMPORTS ${arg_IMPORTS})
  endif()
  chains_add_proto(${name}_proto PROTOS ${arg_PROTOS} PROTO_ROOT ${root} ${imports})

  # The contracts and all they include are compiled once, so that an edit of a chainlet costs only
  # what is in its own file.
  get_target_property(headers ${name}_proto CHAINS_GENERATED_HEADERS)
  list(FILTER headers INCLUDE REGEX "\\.chains\\.h$")
  add_executable(${name} ${arg_MAIN})
  chains_use_allocator(${name})
  if(arg_SOURCES)
    add_library(${name}_chain STATIC ${arg_SOURCES})
    target_include_directories(${name}_chain PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name}_chain PUBLIC ${name}_proto ${arg_LIBRARIES})
    target_precompile_headers(${name}_chain PRIVATE <chains/chains.h> ${headers})
    target_precompile_headers(${name} REUSE_FROM ${name}_chain)
    target_link_libraries(${name} PRIVATE ${name}_chain)
  else()
    target_precompile_headers(${name} PRIVATE <chains/chains.h> ${headers})
    target_link_libraries(${name} PRIVATE ${name}_proto ${arg_LIBRARIES})
  endif()
  get_target_property(comments ${name}_proto CHAINS_COMMENTS)
  target_link_libraries(${name} PRIVATE ${comments} chains::main ${frontend} ${http_client})
  _chains_carry_libraries(${name})
  chains_write_marker(${name} ${root})
endfunction()

# Lets a program find its libraries in lib/ beside it, where a bundle has them. Where it is built there
# is no such folder, and the system's are taken. It must be RPATH: unlike RUNPATH, which linkers write by
# default, that also holds for what the libraries themselves need.
function(_chains_carry_libraries program)
  set_property(TARGET ${program} APPEND PROPERTY BUILD_RPATH "\$ORIGIN/lib")
  set_property(TARGET ${program} APPEND PROPERTY INSTALL_RPATH "\$ORIGIN/lib")
  target_link_options(${program} PRIVATE -Wl,--disable-new-dtags)
endfunction()

# Complains about arguments nobody knows, and about the required ones that are not there.
function(_chains_check_arguments call required)
  if(arg_UNPARSED_ARGUMENTS)
    list(JOIN arg_UNPARSED_ARGUMENTS " " unknown)
    message(FATAL_ERROR "${call}: what is '${unknown}'? ChainsAddChain.cmake shows the arguments.")
  endif()
  foreach(argument IN LISTS arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "${call}: ${argument} is followed by nothing.")
  endforeach()
  foreach(argument IN LISTS required)
    if(NOT arg_${argument})
      message(FATAL_ERROR "${call}: ${argument} is missing. ChainsAddChain.cmake shows the arguments.")
    endif()
  endforeach()
endfunction()

# The absolute import root in `result`: what the caller gave, else its source folder.
function(_chains_proto_root result given)
  if(NOT given)
    set(given ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  get_filename_component(root ${given} ABSOLUTE)
  set(${result} ${root} PARENT_SCOPE)
endfunction()

# The library in `result` with which the program of a chain asks over HTTP.
function(_chains_http_client result call given)
  if(NOT given OR given STREQUAL "none")
    set(client chains::no_http_client)
  elseif(given STREQUAL "curl")
    if(NOT TARGET CURL::libcurl)
      message(FATAL_ERROR "${call}: HTTP_CLIENT curl needs libcurl; install libcurl4-openssl-dev.")
    endif()
    set(client chains::curl)
  else()
    message(FATAL_ERROR "${call}: HTTP_CLIENT is '${given}'; it can be curl or none.")
  endif()
  set(${result} ${client} PARENT_SCOPE)
endfunction()

# The library in `result` that says what answers HTTP in the program of a chain.
function(_chains_frontend result call given)
  if(NOT given OR given STREQUAL "none")
    set(frontend chains::no_frontend)
  elseif(given STREQUAL "gateway")
    set(frontend chains::gateway)
  else()
    message(FATAL_ERROR "${call}: FRONTEND is '${given}'; it can be gateway or none.")
  endif()
  set(${result} ${frontend} PARENT_SCOPE)
endfunction()
