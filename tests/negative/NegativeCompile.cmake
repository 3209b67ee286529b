# chains_negative_compile(NAME FILE SENTENCE [LIBRARY target])
#
# A test that FILE, which uses the headers of LIBRARY (chains::core by default), does not compile, that
# SENTENCE is among the first lines that the compiler prints, and that FILE compiles with -DCORRECTED:
#
#   #ifdef CORRECTED
#   the right way
#   #else
#   the wrong way
#   #endif
#
# With the project's compiler, and with clang++ where that is installed.
find_program(CHAINS_CLANGXX clang++)

function(chains_negative_compile name file sentence)
  cmake_parse_arguments(PARSE_ARGV 3 arg "" "LIBRARY" "")
  if(NOT arg_LIBRARY)
    set(arg_LIBRARY chains::core)
  endif()
  if(NOT Python3_FOUND)
    chains_add_skipped_test(negative_${name} "python3 is not installed (./dev setup test)")
    return()
  endif()
  set(compilers --compiler ${CMAKE_CXX_COMPILER})
  if(CHAINS_CLANGXX AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    list(APPEND compilers --compiler ${CHAINS_CLANGXX})
  endif()
  if(CHAINS_PRECOMPILE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # Headers of other libraries, as the product's own sources have them: half of the time.
    string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
    separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}}")
    list(FILTER flags EXCLUDE REGEX "^-W") # a sentence of ours is to come early without warnings, too
    set(precompiled ${PROJECT_BINARY_DIR}/CMakeFiles/chains_precompiled.dir/cmake_pch.hxx)
    foreach(flag IN ITEMS -include ${precompiled} ${flags} -pthread -foptimize-sibling-calls)
      list(APPEND compilers --only-first=${flag})
    endforeach()
  endif()
  get_target_property(type ${arg_LIBRARY} TYPE)
  if(type STREQUAL "OBJECT_LIBRARY") # with what it links
    set(includes $<TARGET_PROPERTY:${arg_LIBRARY},INCLUDE_DIRECTORIES>)
  else()
    set(includes $<TARGET_PROPERTY:${arg_LIBRARY},INTERFACE_INCLUDE_DIRECTORIES>)
  endif()
  add_test(
    NAME negative_${name}
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/negative_compile.py ${compilers}
            ${CMAKE_CURRENT_SOURCE_DIR}/${file} "${sentence}" "-I$<JOIN:$<REMOVE_DUPLICATES:${includes}>,;-I>"
    COMMAND_EXPAND_LISTS)
  math(EXPR timeout "120 * ${CHAINS_TEST_TIMEOUT_FACTOR}")
  set_tests_properties(negative_${name} PROPERTIES LABELS "negative" TIMEOUT ${timeout})
endfunction()

# chains_negative_compiles(PREFIX GOOD file.cc SOURCES file.cc... [LIBRARIES target...] [INCLUDES dir...])
#
# A test of each source, named negative_PREFIX_FILE, that holds what the comments `// Says: SENTENCE` in
# it say. GOOD breaks no rule and compiles, in the build as well.
function(chains_negative_compiles prefix)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "GOOD" "SOURCES;LIBRARIES;INCLUDES")
  add_library(negative_${prefix}_good OBJECT ${arg_GOOD})
  target_link_libraries(negative_${prefix}_good PRIVATE ${arg_LIBRARIES})
  target_include_directories(negative_${prefix}_good PRIVATE ${arg_INCLUDES})
  foreach(source IN LISTS arg_GOOD arg_SOURCES)
    cmake_path(GET source STEM name)
    chains_negative_compile(${prefix}_${name} ${source} - LIBRARY negative_${prefix}_good)
  endforeach()
endfunction()
