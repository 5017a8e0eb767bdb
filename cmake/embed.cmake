# reeve_embed(OUT symbol file…): a generated source with the files' bytes, and a table of them:
#   extern "C" const reeve::EmbeddedFile SYMBOL[]; extern "C" const unsigned long SYMBOL_count;
# (base name, begin, end; see estate/embedded.h). Sets OUT to the source's path.
function(reeve_embed out symbol)
  set(source ${CMAKE_BINARY_DIR}/embedded/${symbol}.cc)
  set(blocks "")
  set(declarations "")
  set(rows "")
  set(index 0)
  foreach(file IN LISTS ARGN)
    get_filename_component(name ${file} NAME)
    set(label ${symbol}_${index})
    string(APPEND blocks
      "  .globl ${label}_begin\n${label}_begin:\n  .incbin \"${file}\"\n  .globl ${label}_end\n${label}_end:\n  .byte 0\n")
    string(APPEND declarations "extern \"C\" const char ${label}_begin[], ${label}_end[];\n")
    string(APPEND rows "    {\"${name}\", ${label}_begin, ${label}_end},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
// Made by cmake/embed.cmake: files as bytes of this object.
#include "estate/embedded.h"
asm(R"(
  .section .rodata
@blocks@  .previous
  .section .note.GNU-stack,"",%progbits
  .text
)");
@declarations@
extern const reeve::estate::EmbeddedFile @symbol@[] = {
@rows@};
extern const unsigned long @symbol@_count = @index@;
]])
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${ARGN}")
  set(${out} ${source} PARENT_SCOPE)
endfunction()

file(GLOB kinds CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/estate/kinds/*.yaml)
file(GLOB prices CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/data/prices/*.csv)
reeve_embed(REEVE_KINDS_SOURCE reeve_kinds ${kinds})
reeve_embed(REEVE_PRICES_SOURCE reeve_prices ${prices})
