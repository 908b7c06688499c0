# consumers(TARGET): the programs in C and in C++, linked with a target of the library, and tests that run them.

enable_testing()
find_program(READELF readelf REQUIRED)

function(consumers target)
  string(REGEX REPLACE ".*::" "" variant ${target})
  foreach(language c cpp)
    set(program ${variant}_${language})
    add_executable(${program} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/consumer.${language})
    target_link_libraries(${program} PRIVATE ${target})
    add_test(NAME ${program} COMMAND ${program})
    set_tests_properties(${program} PROPERTIES PASS_REGULAR_EXPRESSION 
      "^${VERSION} {\"operands\":\\[6,7\\],\"operation\":\"multiply\",\"result\":42\\.0}\n$" TIMEOUT 60)

    # What the loader is to look for: the soname, or nothing of ours at all.
    add_test(NAME ${program}.needs COMMAND ${READELF} --dynamic $<TARGET_FILE:${program}>)
    set(expected PASS_REGULAR_EXPRESSION "\\[libremotemedia\\.so\\.0\\]")
    if(variant STREQUAL static)
      set(expected PASS_REGULAR_EXPRESSION NEEDED FAIL_REGULAR_EXPRESSION libremotemedia)
    endif()
    set_tests_properties(${program}.needs PROPERTIES ${expected} TIMEOUT 60)
  endforeach()
endfunction()
