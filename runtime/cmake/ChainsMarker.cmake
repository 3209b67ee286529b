# What chains_add_chain() leaves for the command line `chains`: BUILD/chains/NAME.json.
#
# It says where a chain's sources are and what its program is made of. `chains push FOLDER` finds its
# target there, and `chains watch` learns which objects each chainlet needs: a chainlet whose own objects
# did not change keeps its processes. A generator of several configurations writes CONFIG/NAME.json.
include_guard(GLOBAL)

# Writes the marker of the chain `name` at the end of its folder, when all its targets are known.
function(chains_write_marker name proto_root)
  cmake_language(EVAL CODE "cmake_language(DEFER CALL _chains_write_marker [[${name}]] [[${proto_root}]])")
endfunction()

function(_chains_write_marker name proto_root)
  set(files)
  _chains_linked_files(files ${name} LINK_LIBRARIES "")
  list(FILTER files EXCLUDE REGEX "^\\$<TARGET_FILE:${name}_(chain|proto)>$")
  set(objects $<TARGET_OBJECTS:${name}_proto>)
  if(TARGET ${name}_chain)
    list(APPEND objects $<TARGET_OBJECTS:${name}_chain>)
  endif()
  set(main $<TARGET_OBJECTS:${name}>)

  set(folder ${CMAKE_BINARY_DIR}/chains)
  get_property(several GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(several)
    string(APPEND folder /$<CONFIG>)
  endif()
  file(
    GENERATE
    OUTPUT ${folder}/${name}.json
    CONTENT
      "{
  \"chain\": \"${name}\",
  \"target\": \"${name}\",
  \"source_dir\": \"${CMAKE_CURRENT_SOURCE_DIR}\",
  \"proto_root\": \"${proto_root}\",
  \"build_dir\": \"${CMAKE_BINARY_DIR}\",
  \"config\": \"$<CONFIG>\",
  \"program\": \"$<TARGET_FILE:${name}>\",
  \"main_objects\": [\"$<JOIN:${main},\",\">\"],
  \"objects\": [\"$<JOIN:${objects},\",\">\"],
  \"libraries\": [\"$<JOIN:${files},\",\">\"]
}
")
endfunction()

# Appends to `result` the library files that `target` links by its property `property`, and what those
# link in turn. Libraries by their bare names ("m", "-ldl") are the system's, and left out.
function(_chains_linked_files result target property seen)
  get_target_property(linked ${target} ${property})
  set(files ${${result}})
  foreach(item IN LISTS linked)
    string(REGEX REPLACE "^\\$<(LINK_ONLY|BUILD_INTERFACE|TARGET_NAME_IF_EXISTS):(.*)>$" "\\2" item "${item}")
    if(item IN_LIST seen)
      continue()
    endif()
    list(APPEND seen "${item}")
    if(TARGET "${item}")
      get_target_property(type ${item} TYPE)
      if(type MATCHES "^(STATIC|SHARED|UNKNOWN)_LIBRARY$")
        list(APPEND files $<TARGET_FILE:${item}>)
      endif()
      _chains_linked_files(files ${item} INTERFACE_LINK_LIBRARIES "${seen}")
      set(seen ${_chains_seen})
    elseif(item MATCHES "^/.*\\.(a|so)(\\.[0-9.]+)?$" AND EXISTS ${item})
      list(APPEND files ${item})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES files)
  set(${result} ${files} PARENT_SCOPE)
  set(_chains_seen ${seen} PARENT_SCOPE)
endfunction()
