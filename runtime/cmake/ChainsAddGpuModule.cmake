# How the GPU part of a chain is built, in the tree of Chains and after find_package(chains) alike.
#
#   chains_add_gpu_module(poems_cuda
#     SOURCES decode.cu backend.cc    # CUDA or C++; one defines chains::gpu::cuda::FindExport()
#     [LIBRARIES target...]           # static ones: a module links neither the runtime nor protobuf
#     [FOR poems])                    # the program of chains_add_chain() that loads it: `chains push`
#                                     # builds that, and so this too
#
# makes poems_cuda.so beside programs: a module that a program loads while it runs, and only where there
# is a GPU, so that one program serves everywhere. It exports one symbol; CUDA's runtime is linked into
# it, cuBLAS and cuDNN are those of the machine. Resources{.gpu_module = "poems_cuda"} lets `chains push`
# take it into the bundle.
#
# Where CUDA is not installed it makes nothing and says so; if(TARGET poems_cuda) tells. A project of its
# own includes ChainsCuda (after find_package(chains)) at file scope before, which looks for CUDA.
include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/ChainsAddChain.cmake)

set(_CHAINS_GPU_SYMBOLS ${CMAKE_CURRENT_LIST_DIR}/gpu_module.map)

function(chains_add_gpu_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FOR" "SOURCES;LIBRARIES")
  set(call "chains_add_gpu_module(${name})")
  _chains_check_arguments("${call}" "SOURCES")
  if(NOT name MATCHES "^[A-Za-z0-9_-]+$")
    message(FATAL_ERROR "${call}: a module's name consists of letters, digits, '-' and '_'.")
  endif()
  if(arg_FOR AND NOT TARGET ${arg_FOR})
    message(FATAL_ERROR "${call}: FOR names ${arg_FOR}, which is no target yet. "
                        "Make it before with chains_add_chain(${arg_FOR} …).")
  endif()
  if(NOT CHAINS_CUDA_FOUND OR NOT TARGET chains::gpu_cuda)
    set(why "this Chains was built without CUDA")
    if(NOT DEFINED CHAINS_CUDA_FOUND)
      set(why "ChainsCuda, which looks for CUDA, was not included")
    elseif(NOT CHAINS_CUDA_FOUND)
      set(why "${CHAINS_CUDA_MISSING}")
    endif()
    message(STATUS "GPU module ${name}: SKIPPED: ${why}")
    return()
  endif()
  add_library(${name} MODULE ${arg_SOURCES})
  chains_compile_for_gpu_module(${name})
  set_target_properties(${name} PROPERTIES PREFIX "" CUDA_RUNTIME_LIBRARY Static)
  if(CMAKE_RUNTIME_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
  endif()
  if(arg_FOR)
    add_dependencies(${arg_FOR} ${name})
  endif()
  _chains_carry_libraries(${name})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} chains::gpu_cuda ${CHAINS_CUDNN})
  target_link_options(${name} PRIVATE -Wl,--undefined=chains_gpu_module -Wl,-z,defs
                                      -Wl,--version-script=${_CHAINS_GPU_SYMBOLS})
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${_CHAINS_GPU_SYMBOLS})
endfunction()

# For static libraries that a module links: nothing of it is to be seen from outside. Warnings are
# errors in CUDA's sources where they are in C++'s.
function(chains_compile_for_gpu_module target)
  set_target_properties(
    ${target}
    PROPERTIES POSITION_INDEPENDENT_CODE ON
               CXX_VISIBILITY_PRESET hidden
               CUDA_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(${target} SYSTEM PRIVATE ${CHAINS_CUDNN_INCLUDE})
  set_target_properties(${target} PROPERTIES CXX_STANDARD 20 CUDA_STANDARD 20)
  if(CMAKE_CXX_FLAGS MATCHES "-Werror")
    # 2810: nvcc takes an assignment for the return of a [[nodiscard]] type. g++, which compiles the
    # host's part of these sources after it, does not.
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings;\
-diag-suppress=2810;-Xcompiler=-Wall,-Wextra,-Werror>")
  endif()
endfunction()
