# Programs of ours, and the tests that run them.

find_package(Threads REQUIRED)

set(REMOTEMEDIA_WARNINGS -Wall -Wextra -Wpedantic -Werror)

# What every program of ours is compiled with: the library, and standard C11 or C++17 without a warning.
add_library(remotemedia-program INTERFACE)
target_link_libraries(remotemedia-program INTERFACE remotemedia::remotemedia Threads::Threads)
target_compile_features(remotemedia-program INTERFACE c_std_11 cxx_std_17)
target_compile_definitions(remotemedia-program INTERFACE _POSIX_C_SOURCE=200809L)
target_compile_options(remotemedia-program INTERFACE ${REMOTEMEDIA_WARNINGS})
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_EXTENSIONS OFF)

# remotemedia_program(NAME SOURCES...)
function(remotemedia_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE remotemedia-program)
endfunction()

# remotemedia_test(NAME PROGRAM ARGUMENTS...): runs a program of ours, under the launcher if there is one.
function(remotemedia_test name program)
  add_test(NAME ${name} COMMAND ${REMOTEMEDIA_TEST_LAUNCHER} $<TARGET_FILE:${program}> ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${REMOTEMEDIA_TEST_TIMEOUT})
endfunction()

# remotemedia_example(NAME OUTPUT ARGUMENTS...): runs an example. Its output must match OUTPUT; it must do with no
# environment at all, in a folder that not even root can write to; and it must know nothing of Python.
function(remotemedia_example name output)
  remotemedia_test(example.${name} ${name} ${ARGN})
  set_tests_properties(example.${name} PROPERTIES PASS_REGULAR_EXPRESSION "${output}"
    FAIL_REGULAR_EXPRESSION "definitely lost;Invalid (read|write|free);uninitialised") # of valgrind
  add_test(NAME example.${name}.alone COMMAND env -i $<TARGET_FILE:${name}> ${ARGN} WORKING_DIRECTORY /proc)
  add_test(NAME example.${name}.ldd COMMAND ldd $<TARGET_FILE:${name}>)
  set_tests_properties(example.${name}.ldd PROPERTIES
    PASS_REGULAR_EXPRESSION "${REMOTEMEDIA_SONAME}" FAIL_REGULAR_EXPRESSION "python;not found")
  set_tests_properties(example.${name}.alone example.${name}.ldd PROPERTIES TIMEOUT ${REMOTEMEDIA_TEST_TIMEOUT})
endfunction()
