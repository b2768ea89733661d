# scone_room(NAME <room> SIDE core|hosted|trusted|host FLOOR <n> DEPENDS <room>...
#            SOURCES <file>... [ENCLAVE_SOURCES <file>...] [TESTS <file>...] [LIBRARIES <target>...])
#
# One room: a static library scone_<room>. Rooms of side core and trusted are compiled a second
# time, as scone_<room>_enclave, with the enclave's flags: freestanding, general registers only,
# no stack protector, no red zone (an AEX handler may run on the same stack).
# ENCLAVE_SOURCES (assembly, files with raw addresses) exist in the enclave's compilation only.
# TESTS are GoogleTest files next to the sources; they form the program test_<room>.
# Refused at configure time: a dependency on the same or a higher floor, or on the wrong side.
include(GoogleTest)

# General registers only. Clang refuses the declarations of libstdc++ that have a long double when it
# may not use x87; it may then, and a test reads the code (enclave_image:general_registers,
# machine:no_libc, service:no_libc).
set(SCONE_GENERAL_REGISTERS -mgeneral-regs-only)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(SCONE_GENERAL_REGISTERS -mno-sse -mno-mmx -mno-avx)
endif()
set(SCONE_ENCLAVE_FLAGS
    -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-stack-protector
    -mno-red-zone ${SCONE_GENERAL_REGISTERS} -fPIE -fvisibility=hidden -fcf-protection=none
    -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables)
# Files of the host that run with the enclave's FS, or with the program's vector state in the registers.
set(SCONE_NO_LIBC_FLAGS ${SCONE_GENERAL_REGISTERS} -ffreestanding -fno-stack-protector
    -fcf-protection=none -fno-exceptions -fno-rtti -O2)

function(scone_room)
  cmake_parse_arguments(R "" "NAME;SIDE;FLOOR" "DEPENDS;SOURCES;ENCLAVE_SOURCES;TESTS;LIBRARIES" ${ARGN})
  if(NOT R_SIDE MATCHES "^(core|hosted|trusted|host)$")
    message(FATAL_ERROR "${R_NAME}: unknown side '${R_SIDE}'")
  endif()
  set(flavours host)
  if(R_SIDE MATCHES "^(core|trusted)$")
    list(APPEND flavours enclave)
  endif()
  foreach(flavour IN LISTS flavours)
    set(suffix "")
    set(sources ${R_SOURCES})
    if(flavour STREQUAL "enclave")
      set(suffix _enclave)
      list(APPEND sources ${R_ENCLAVE_SOURCES})
    endif()
    set(target scone_${R_NAME}${suffix})
    if(sources)
      add_library(${target} STATIC ${sources})
      set(scope PUBLIC)
      target_compile_options(${target} PRIVATE
          $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wconversion -Werror>)
    else()
      add_library(${target} INTERFACE)
      set(scope INTERFACE)
    endif()
    set_target_properties(${target} PROPERTIES SCONE_SIDE ${R_SIDE} SCONE_FLOOR ${R_FLOOR})
    target_include_directories(${target} ${scope} ${PROJECT_SOURCE_DIR}/src)
    if(flavour STREQUAL "enclave")
      if(sources)
        target_compile_options(${target} PRIVATE ${SCONE_ENCLAVE_FLAGS} -O2 -DSCONE_ENCLAVE=1)
      endif()
      if(SCONE_SANITIZE)  # there is no enclave image to link it into
        set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
      endif()
    else()
      target_link_libraries(${target} ${scope} ${R_LIBRARIES})
      if(R_SIDE MATCHES "^(core|trusted|hosted)$" AND sources)
        target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
      endif()
      if(SCONE_SANITIZE AND sources)
        # The check of vptr needs the RTTI of objects, which most rooms are built without.
        target_compile_options(${target} PUBLIC -fsanitize=${SCONE_SANITIZE} -fno-sanitize=vptr
                                                -fno-sanitize-recover=all)
        target_link_options(${target} PUBLIC -fsanitize=${SCONE_SANITIZE})
      endif()
      if(SCONE_FUZZ AND sources)
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
      endif()
    endif()
    foreach(dep IN LISTS R_DEPENDS)
      if(NOT TARGET scone_${dep})
        message(FATAL_ERROR "${R_NAME} stands on '${dep}', which is not a room on a lower floor")
      endif()
      get_target_property(dep_side scone_${dep} SCONE_SIDE)
      get_target_property(dep_floor scone_${dep} SCONE_FLOOR)
      if(NOT dep_floor LESS R_FLOOR)
        message(FATAL_ERROR "${R_NAME} (floor ${R_FLOOR}) may not stand on ${dep} (floor ${dep_floor})")
      endif()
      if(R_SIDE STREQUAL "core" AND NOT dep_side STREQUAL "core")
        message(FATAL_ERROR "${R_NAME} is 'core' and may not use ${dep}, which is '${dep_side}'")
      endif()
      if(NOT dep_side MATCHES "^(core|hosted)$" AND NOT dep_side STREQUAL R_SIDE)
        message(FATAL_ERROR "${R_NAME} is '${R_SIDE}' and may not use ${dep}, which is '${dep_side}'")
      endif()
      if(TARGET scone_${dep}${suffix})
        target_link_libraries(${target} ${scope} scone_${dep}${suffix})
      endif()
    endforeach()
  endforeach()
  if(R_TESTS)
    add_executable(test_${R_NAME} ${R_TESTS})
    target_link_libraries(test_${R_NAME} PRIVATE scone_${R_NAME} GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_options(test_${R_NAME} PRIVATE -Wall -Wextra -Werror)
    gtest_discover_tests(test_${R_NAME} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${R_NAME}:"
                         PROPERTIES TIMEOUT 120)
  endif()
endfunction()
