# The library, built by Cargo: targets remotemedia::remotemedia, which is shared, and remotemedia::static.

find_program(REMOTEMEDIA_CARGO cargo REQUIRED)

set(target_dir ${PROJECT_SOURCE_DIR}/runtime/target)
if(DEFINED ENV{CARGO_TARGET_DIR})
  set(target_dir $ENV{CARGO_TARGET_DIR})
endif()
set(REMOTEMEDIA_TARGET_DIR ${target_dir} CACHE PATH "Where Cargo puts what it builds")
set(REMOTEMEDIA_SANITIZER "" CACHE STRING "What rustc's -Zsanitizer is to watch, such as address; programs need the same of their compiler")

set(environment CARGO_TARGET_DIR=${REMOTEMEDIA_TARGET_DIR})
set(built ${REMOTEMEDIA_TARGET_DIR}/release)
set(triple)
if(REMOTEMEDIA_SANITIZER)
  # A stable compiler has sanitizers too, but wants to be told that it may. With a target named, what runs during the build,
  # such as macros, is left as it is.
  execute_process(COMMAND rustc --print host-tuple OUTPUT_VARIABLE host OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND environment RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=${REMOTEMEDIA_SANITIZER})
  set(built ${REMOTEMEDIA_TARGET_DIR}/${host}/release)
  set(triple --target ${host})
endif()

# Cargo names the file without a version, but the loader looks for the soname, which is the major version of the ABI.
set(REMOTEMEDIA_SONAME libremotemedia.so.0)
set(REMOTEMEDIA_LIBRARY ${built}/libremotemedia.so)
set(REMOTEMEDIA_ARCHIVE ${built}/libremotemedia.a)
# What a program needs besides the archive: what `rustc --print native-static-libs` says.
set(REMOTEMEDIA_NATIVE_LIBRARIES gcc_s util rt pthread m dl c)
set(link ${PROJECT_BINARY_DIR}/${REMOTEMEDIA_SONAME})

# Always asked, because only Cargo knows what has changed.
set(all)
if(alone)
  set(all ALL)
endif()
add_custom_target(remotemedia-cargo ${all}
  COMMAND ${CMAKE_COMMAND} -E env ${environment} ${REMOTEMEDIA_CARGO} build --release -p remotemedia-abi --locked ${triple}
  COMMAND ${CMAKE_COMMAND} -E create_symlink ${REMOTEMEDIA_LIBRARY} ${link}
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/runtime
  BYPRODUCTS ${REMOTEMEDIA_LIBRARY} ${REMOTEMEDIA_ARCHIVE} ${link}
  COMMENT "Building ${REMOTEMEDIA_SONAME} with Cargo"
  USES_TERMINAL VERBATIM)

add_library(remotemedia::remotemedia SHARED IMPORTED GLOBAL)
add_dependencies(remotemedia::remotemedia remotemedia-cargo)
set_target_properties(remotemedia::remotemedia PROPERTIES
  IMPORTED_LOCATION ${link}
  IMPORTED_SONAME ${REMOTEMEDIA_SONAME}
  INTERFACE_INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/include)

add_library(remotemedia::static STATIC IMPORTED GLOBAL)
add_dependencies(remotemedia::static remotemedia-cargo)
set_target_properties(remotemedia::static PROPERTIES
  IMPORTED_LOCATION ${REMOTEMEDIA_ARCHIVE}
  INTERFACE_LINK_LIBRARIES "${REMOTEMEDIA_NATIVE_LIBRARIES}"
  INTERFACE_INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/include)
