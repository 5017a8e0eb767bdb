# A room is a folder of src/: a static library, a namespace, and its unit tests beside the code.
#
#   reeve_room(text LINKS base EXTERNAL yaml PkgConfig::PCRE2)
#
# makes reeve_text from text/**/*.cc and text_test from text/**/*_test.cc. Its headers are included as "text/…", by rooms
# that link it and by no others: every room's include folder holds one link to that room alone.

set(REEVE_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Werror -Wno-missing-field-initializers)
set(REEVE_SANITIZE_FLAGS "")
if(REEVE_SANITIZE)
  set(REEVE_SANITIZE_FLAGS -fsanitize=${REEVE_SANITIZE} -fno-omit-frame-pointer)
  if(REEVE_SANITIZE MATCHES undefined)
    list(APPEND REEVE_SANITIZE_FLAGS -fno-sanitize-recover=undefined)
  endif()
endif()
if(REEVE_FUZZ)
  list(APPEND REEVE_SANITIZE_FLAGS -fsanitize=fuzzer-no-link,address,undefined)
endif()

function(reeve_flags target)
  target_compile_options(${target} PRIVATE ${REEVE_WARNINGS})
  target_compile_options(${target} PUBLIC ${REEVE_SANITIZE_FLAGS})
  target_link_options(${target} PUBLIC ${REEVE_SANITIZE_FLAGS} -fuse-ld=lld-19)
endfunction()

function(reeve_room name)
  cmake_parse_arguments(ROOM "" "" "LINKS;EXTERNAL;GENERATED" ${ARGN})
  set(folder ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|_main)\\.cc$")

  if(NOT sources)
    return()
  endif()

  set(include ${CMAKE_SOURCE_DIR}/build/include/${name})  # the same for every preset, so that ccache serves them all
  file(MAKE_DIRECTORY ${include})
  file(CREATE_LINK ${folder} ${include}/${name} SYMBOLIC)

  add_library(reeve_${name} STATIC ${sources} ${ROOM_GENERATED})
  target_include_directories(reeve_${name} PUBLIC ${include})
  list(TRANSFORM ROOM_LINKS PREPEND reeve_)
  target_link_libraries(reeve_${name} PUBLIC ${ROOM_LINKS} ${ROOM_EXTERNAL})
  reeve_flags(reeve_${name})

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE reeve_${name} GTest::gmock GTest::gtest_main)
    reeve_flags(${name}_test)
    add_test(NAME unit.${name} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(unit.${name} PROPERTIES LABELS "unit" TIMEOUT 300)
  endif()
endfunction()

# An executable of tests from tests/<label>/<name>_test.cc, with the label <label>: unit, conformance, cases, e2e or sim.
function(reeve_test label name)
  cmake_parse_arguments(TEST "" "TIMEOUT" "LINKS;EXTERNAL" ${ARGN})
  list(TRANSFORM TEST_LINKS PREPEND reeve_)
  foreach(room IN LISTS TEST_LINKS)
    if(NOT TARGET ${room})
      return()
    endif()
  endforeach()
  add_executable(${label}_${name}_test ${label}/${name}_test.cc)
  target_link_libraries(${label}_${name}_test PRIVATE ${TEST_LINKS} ${TEST_EXTERNAL} GTest::gmock GTest::gtest_main)
  reeve_flags(${label}_${name}_test)
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 600)
  endif()
  add_test(NAME ${label}.${name} COMMAND ${label}_${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT ${TEST_TIMEOUT})
endfunction()
