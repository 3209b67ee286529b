# chains_add_test(NAME [SOURCES file.cc...] [LIBRARIES target...] [LABELS label...] [TIMEOUT seconds])
#
# A program of GoogleTest, and a test of ctest for each of its cases, named Suite.Case. Without SOURCES
# it is NAME.cc. GMock is linked as well. TIMEOUT is for each case, 60 by default.
#
# Labels it gives: `unit`, and the folder below tests/ (`runtime`, `gateway`, …). Give `core` to tests
# that link chains::core only: ThreadSanitizer runs these. The target tests_LABEL builds all programs
# of a label. Where GoogleTest is not installed a skipped test of the program's name tells so.
include(GoogleTest)
set(CHAINS_TEST_TIMEOUT_FACTOR 1 CACHE STRING "How much slower tests may be, under a sanitizer say")

function(chains_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "chains_add_test(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT TARGET GTest::gtest)
    chains_add_skipped_test(${name} "GoogleTest is not installed (./dev setup test)")
    return()
  endif()
  if(NOT arg_SOURCES)
    set(arg_SOURCES ${name}.cc)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  math(EXPR timeout "${arg_TIMEOUT} * ${CHAINS_TEST_TIMEOUT_FACTOR}")

  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gmock GTest::gtest GTest::gtest_main)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
  string(REGEX REPLACE "/.*" "" folder ${folder})
  if(folder STREQUAL deploy)
    chains_precompile(chains_precompiled_platform_tests ${name})
  elseif(NOT core IN_LIST arg_LABELS)
    chains_precompile(chains_precompiled_tests ${name})
  endif()
  set(labels unit ${folder} ${arg_LABELS})
  foreach(label IN LISTS labels)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${name})
  endforeach()
  gtest_discover_tests(
    ${name}
    NO_PRETTY_VALUES
    DISCOVERY_TIMEOUT 60
    TEST_LIST ${name}_cases
    PROPERTIES TIMEOUT ${timeout})
  # gtest_discover_tests() takes a list of labels apart, so they are given in a file that ctest reads.
  set(label_file ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake)
  file(WRITE ${label_file} "if(${name}_cases)\n"
       "  set_tests_properties(\${${name}_cases} PROPERTIES LABELS \"${labels}\")\n" "endif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${label_file})
endfunction()

# chains_run_again(NAME PREFIX VARIABLE): the cases of NAME a second time, as PREFIX and their names,
# with VARIABLE=1 in the environment.
function(chains_run_again name prefix variable)
  if(NOT TARGET ${name})
    return()
  endif()
  math(EXPR timeout "60 * ${CHAINS_TEST_TIMEOUT_FACTOR}")
  gtest_discover_tests(
    ${name}
    NO_PRETTY_VALUES
    DISCOVERY_TIMEOUT 60
    TEST_PREFIX ${prefix}
    TEST_LIST ${name}_again
    PROPERTIES TIMEOUT ${timeout} ENVIRONMENT ${variable}=1 LABELS runtime)
endfunction()

# chains_add_skipped_test(NAME REASON): a test that ctest shows as skipped, with the reason.
function(chains_add_skipped_test name reason)
  add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "SKIPPED: ${reason}")
  set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED: ")
endfunction()
