# Programs of ours, and the tests that run them.

find_package(Threads REQUIRED)

# remotemedia_program(NAME SOURCES...): an executable on the library, in standard C11 or C++17, without a warning.
function(remotemedia_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE remotemedia::remotemedia Threads::Threads)
  target_compile_features(${name} PRIVATE c_std_11 cxx_std_17)
  target_compile_definitions(${name} PRIVATE _POSIX_C_SOURCE=200809L)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wpedantic -Werror)
  set_target_properties(${name} PROPERTIES C_EXTENSIONS OFF CXX_EXTENSIONS OFF)
endfunction()

# remotemedia_test(NAME PROGRAM ARGUMENTS...): runs a program of ours, under the launcher if there is one.
function(remotemedia_test name program)
  add_test(NAME ${name} COMMAND ${REMOTEMEDIA_TEST_LAUNCHER} $<TARGET_FILE:${program}> ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${REMOTEMEDIA_TEST_TIMEOUT})
endfunction()

# remotemedia_example(NAME OUTPUT ARGUMENTS...): runs an example three times. Its output must match OUTPUT; it must do
# with no environment at all and a folder that not even root can write to; and it must not know Python.
function(remotemedia_example name output)
  remotemedia_test(example.${name} ${name} ${ARGN})
  add_test(NAME example.${name}.alone COMMAND env -i $<TARGET_FILE:${name}> ${ARGN} WORKING_DIRECTORY /proc)
  add_test(NAME example.${name}.ldd COMMAND ldd $<TARGET_FILE:${name}>)
  set_tests_properties(example.${name} PROPERTIES PASS_REGULAR_EXPRESSION "${output}")
  set_tests_properties(example.${name}.ldd PROPERTIES FAIL_REGULAR_EXPRESSION "python;not found"
    PASS_REGULAR_EXPRESSION "${REMOTEMEDIA_SONAME}")
  set_tests_properties(example.${name}.alone example.${name}.ldd PROPERTIES TIMEOUT ${REMOTEMEDIA_TEST_TIMEOUT})
endfunction()
