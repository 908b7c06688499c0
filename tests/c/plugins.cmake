# Plugins for the test of plugins: one that is good, and others that are to be refused.

# test_plugin(NAME SOURCE DEFINITIONS... [LINK_FIRST LIBRARY])
function(test_plugin name source)
  cmake_parse_arguments(PARSE_ARGV 2 plugin "" LINK_FIRST "")
  add_library(plugin_${name} MODULE ${source})
  set_target_properties(plugin_${name} PROPERTIES PREFIX "")
  target_compile_definitions(plugin_${name} PRIVATE ${plugin_UNPARSED_ARGUMENTS})
  target_link_libraries(plugin_${name} PRIVATE ${plugin_LINK_FIRST} remotemedia-program)
  add_dependencies(test_plugin plugin_${name})
endfunction()

remotemedia_program(test_plugin plugin.c $<TARGET_OBJECTS:fixture>)
target_compile_definitions(test_plugin PRIVATE PLUGIN_FOLDER="${CMAKE_CURRENT_BINARY_DIR}")
remotemedia_test(c.plugin test_plugin)

test_plugin(good plugin_module.c)
test_plugin(slow plugin_module.c PLUGIN_DELAY=50000000)
test_plugin(version plugin_module.c PLUGIN_VERSION=0x10001)
test_plugin(small plugin_module.c PLUGIN_SIZE=8)
test_plugin(failing plugin_module.c "PLUGIN_FAILURE=\"no licence\"")
test_plugin(silent plugin_module.c "PLUGIN_FAILURE=\"\"")
test_plugin(nameless plugin_module.c "PLUGIN_NAME=\"\\xff\"")
test_plugin(taken plugin_module.c "PLUGIN_TYPE=\"PassThrough\"")
test_plugin(empty header.c)

# Linked with something else first, which has a function of the library.
add_library(plugin_stranger SHARED plugin_stranger.c)
target_include_directories(plugin_stranger PRIVATE ${PROJECT_SOURCE_DIR}/include)
test_plugin(other plugin_module.c LINK_FIRST plugin_stranger)
target_link_options(plugin_other PRIVATE "LINKER:--no-as-needed")
