# What goes where.

if(SKBUILD)
  # Into a wheel: the library and nothing else, without the symbols that only a developer needs.
  set(folder remotemedia/_lib)
  install(PROGRAMS ${REMOTEMEDIA_LIBRARY} DESTINATION ${folder} RENAME ${REMOTEMEDIA_SONAME})
  install(CODE "execute_process(
    COMMAND \"${CMAKE_STRIP}\" \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${folder}/${REMOTEMEDIA_SONAME}\"
    COMMAND_ERROR_IS_FATAL ANY)")
else()
  # For compilers and linkers: the library under its soname, the name that -lremotemedia looks for, and the headers.
  install(PROGRAMS ${REMOTEMEDIA_LIBRARY} DESTINATION ${CMAKE_INSTALL_LIBDIR} RENAME ${REMOTEMEDIA_SONAME})
  file(CREATE_LINK ${REMOTEMEDIA_SONAME} ${PROJECT_BINARY_DIR}/libremotemedia.so SYMBOLIC)
  install(FILES ${PROJECT_BINARY_DIR}/libremotemedia.so DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(FILES include/remotemedia.h include/remotemedia.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(DIRECTORY include/remotemedia DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
endif()
