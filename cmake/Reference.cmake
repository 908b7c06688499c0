# Target `reference`: the header as HTML and as man pages, below build/.../reference. What has no comment is an error.

find_package(Doxygen QUIET)
if(NOT DOXYGEN_FOUND)
  return()
endif()

# reference_settings(FILE INPUT OUTPUT): Doxygen's settings for a folder of headers.
function(reference_settings file reference_input reference_output)
  configure_file(${PROJECT_SOURCE_DIR}/docs/Doxyfile.in ${file} @ONLY)
  file(MAKE_DIRECTORY ${reference_output})
endfunction()

reference_settings(${PROJECT_BINARY_DIR}/Doxyfile ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/reference)
add_custom_target(reference COMMAND Doxygen::doxygen ${PROJECT_BINARY_DIR}/Doxyfile VERBATIM
  COMMENT "Making the reference in ${PROJECT_BINARY_DIR}/reference")
