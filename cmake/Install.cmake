# What goes where.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# install_stripped(PROGRAMS|FILES FILE FOLDER NAME OPTIONS...): a file of Cargo's, without the symbols that only a developer
# of ours needs.
function(install_stripped kind file folder name)
  install(${kind} ${file} DESTINATION ${folder} RENAME ${name})
  set(path ${folder}/${name})
  if(NOT IS_ABSOLUTE ${folder})
    set(path "\${CMAKE_INSTALL_PREFIX}/${path}")
  endif()
  install(CODE "execute_process(COMMAND \"${CMAKE_STRIP}\" ${ARGN} \"\$ENV{DESTDIR}${path}\" COMMAND_ERROR_IS_FATAL ANY)")
endfunction()

# Into a wheel: the library and nothing else.
if(SKBUILD)
  install_stripped(PROGRAMS ${REMOTEMEDIA_LIBRARY} remotemedia/_lib ${REMOTEMEDIA_SONAME})
  return()
endif()

# For the loader, the soname; for linkers, the name that -lremotemedia looks for.
set(made ${PROJECT_BINARY_DIR}/installed)
set(file libremotemedia.so.${PROJECT_VERSION})
file(MAKE_DIRECTORY ${made})
file(CREATE_LINK ${file} ${made}/${REMOTEMEDIA_SONAME} SYMBOLIC)
file(CREATE_LINK ${REMOTEMEDIA_SONAME} ${made}/libremotemedia.so SYMBOLIC)
install_stripped(PROGRAMS ${REMOTEMEDIA_LIBRARY} ${CMAKE_INSTALL_LIBDIR} ${file})
install_stripped(FILES ${REMOTEMEDIA_ARCHIVE} ${CMAKE_INSTALL_LIBDIR} libremotemedia.a --strip-debug)
install(FILES ${made}/${REMOTEMEDIA_SONAME} ${made}/libremotemedia.so DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h*")

# For find_package. Before 1.0 the minor version may break a program, as docs/abi.md says.
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/remotemedia)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/remotemedia-config.cmake.in ${made}/remotemedia-config.cmake
  INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${made}/remotemedia-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${made}/remotemedia-config.cmake ${made}/remotemedia-config-version.cmake DESTINATION ${package})

# For pkg-config: where things are as seen from the file itself, so that the prefix may be moved.
set(here ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH to_prefix ${here} ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH to_libraries ${here} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH to_headers ${here} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
list(TRANSFORM REMOTEMEDIA_NATIVE_LIBRARIES PREPEND -l OUTPUT_VARIABLE native)
list(JOIN native " " native)
configure_file(${PROJECT_SOURCE_DIR}/cmake/remotemedia.pc.in ${made}/remotemedia.pc @ONLY)
install(FILES ${made}/remotemedia.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
