# The library, built by Cargo: target remotemedia::remotemedia.

find_program(CARGO cargo REQUIRED)

set(target_dir ${PROJECT_SOURCE_DIR}/runtime/target)
if(DEFINED ENV{CARGO_TARGET_DIR})
  set(target_dir $ENV{CARGO_TARGET_DIR})
endif()
set(CARGO_TARGET_DIR ${target_dir} CACHE PATH "Where Cargo puts what it builds")

# Cargo names the file without a version, but the loader looks for the soname, which is the major version of the ABI.
set(REMOTEMEDIA_SONAME libremotemedia.so.0)
set(REMOTEMEDIA_LIBRARY ${CARGO_TARGET_DIR}/release/libremotemedia.so)
set(link ${PROJECT_BINARY_DIR}/${REMOTEMEDIA_SONAME})

# Always asked, because only Cargo knows what has changed.
add_custom_target(remotemedia-cargo ALL
  COMMAND ${CMAKE_COMMAND} -E env CARGO_TARGET_DIR=${CARGO_TARGET_DIR}
          ${CARGO} build --release -p remotemedia-abi --locked
  COMMAND ${CMAKE_COMMAND} -E create_symlink ${REMOTEMEDIA_LIBRARY} ${link}
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/runtime
  BYPRODUCTS ${REMOTEMEDIA_LIBRARY} ${link}
  COMMENT "Building ${REMOTEMEDIA_SONAME} with Cargo"
  USES_TERMINAL VERBATIM)

add_library(remotemedia::remotemedia SHARED IMPORTED GLOBAL)
add_dependencies(remotemedia::remotemedia remotemedia-cargo)
set_target_properties(remotemedia::remotemedia PROPERTIES
  IMPORTED_LOCATION ${link}
  IMPORTED_SONAME ${REMOTEMEDIA_SONAME}
  INTERFACE_INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/include)
