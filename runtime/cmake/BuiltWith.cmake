# Which packages of Debian are in the programs themselves, as archives or as headers: what a package
# manager does not see, and an SBOM (docker/scripts/sbom.sh) has to say. A line for each in
# share/chains/built-with/PACKAGE: name, version, architecture. Empty where there is no dpkg.
include_guard(GLOBAL)

set(_CHAINS_BUILT_WITH libgrpc-dev libgrpc\\+\\+-dev libprotobuf-dev libabsl-dev libboost[0-9.]*-dev
                       libcli11-dev nlohmann-json3-dev)

function(chains_install_built_with package component)
  set(file ${PROJECT_BINARY_DIR}/packages/${package}/built-with)
  get_property(lines GLOBAL PROPERTY CHAINS_BUILT_WITH)
  if(NOT lines)
    find_program(CHAINS_DPKG_QUERY dpkg-query)
    mark_as_advanced(CHAINS_DPKG_QUERY)
    if(CHAINS_DPKG_QUERY)
      execute_process(
        COMMAND ${CHAINS_DPKG_QUERY} --show --showformat=\${Package}\ \${Version}\ \${Architecture}\\n
        OUTPUT_VARIABLE installed)
      string(REGEX REPLACE "\n" ";" installed "${installed}")
      list(JOIN _CHAINS_BUILT_WITH "|" names)
      list(FILTER installed INCLUDE REGEX "^(${names}) ")
      list(JOIN installed "\n" lines)
    endif()
    set_property(GLOBAL PROPERTY CHAINS_BUILT_WITH "${lines}\n")
  endif()
  get_property(lines GLOBAL PROPERTY CHAINS_BUILT_WITH)
  file(WRITE ${file} "${lines}")
  install(FILES ${file} DESTINATION ${CMAKE_INSTALL_DATADIR}/chains/built-with RENAME ${package} COMPONENT ${component})
endfunction()
