# scone_enclave_image(): links the runtime into build/.../enclave.img.
#
# The core (freestanding rooms) is linked into one object first. There its memcpy and friends become
# local, so that it never calls those of the C library of the provisioning layer, which choose by
# CPUID and use vector registers; what it needs from outside must stand on the list below. Inline
# functions and templates are taken out of their groups there: else the last link would put them, and the
# tables of virtual functions, among the hosted layer's, which are not measured page by page.
set(SCONE_CORE_EXPORTS
    scone_enclave_entry scone_provisioning_syscall_entry scone_provisioning_cpuid_entry scone_hosted_next)
# The core's steps are those of GNU binutils; clang would bring LLVM's, which do not link archives alone.
find_program(SCONE_LD ld.bfd REQUIRED)
find_program(SCONE_OBJCOPY objcopy REQUIRED)

function(scone_enclave_image)
  set(archives "")
  foreach(room IN ITEMS libos enclave fspf sgx aead x86 elf base)
    list(APPEND archives $<TARGET_FILE:scone_${room}_enclave>)
  endforeach()
  list(APPEND archives $<TARGET_FILE:scone_ipsec_gcm> $<TARGET_FILE:scone_sha256_vector>)
  set(keep "")
  foreach(symbol IN LISTS SCONE_CORE_EXPORTS)
    list(APPEND keep --keep-global-symbol=${symbol})
  endforeach()
  set(core ${CMAKE_CURRENT_BINARY_DIR}/enclave_core.o)
  add_custom_command(OUTPUT ${core}
    COMMAND ${SCONE_LD} -r --force-group-allocation -T ${PROJECT_SOURCE_DIR}/cmake/enclave_core.ld -u scone_enclave_entry -u scone_provisioning_syscall_entry -u scone_hosted_next -o ${core}.all --start-group ${archives} --end-group
    COMMAND ${SCONE_OBJCOPY} ${keep} ${core}.all ${core}
    DEPENDS ${archives} ${PROJECT_SOURCE_DIR}/cmake/enclave_core.ld VERBATIM)
  add_executable(enclave_linked ${core} ${PROJECT_SOURCE_DIR}/src/runtime/trusted/hosted_main.cpp
      ${PROJECT_SOURCE_DIR}/src/tools/enclave_image/reserved_sections.S)
  # The hosted layer: archives by path, since its OpenSSL must be the static one.
  set(hosted "")
  foreach(room IN ITEMS provisioning channel policy crypto text base)
    list(APPEND hosted $<TARGET_FILE:scone_${room}>)
    add_dependencies(enclave_linked scone_${room})
  endforeach()
  target_include_directories(enclave_linked PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_options(enclave_linked PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wconversion;-Werror;-fno-rtti>)
  target_link_libraries(enclave_linked PRIVATE ${hosted} ${hosted} -l:libssl.a -l:libcrypto.a)
  set_source_files_properties(${core} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  # Every use of __tls_get_addr is relaxed to local-exec in a static link; only the name is left. A use
  # that were not would need a relocation, which enclave_image refuses.
  target_link_options(enclave_linked PRIVATE -Wl,--defsym=__tls_get_addr=0 -static-pie -Wl,-e,scone_enclave_entry
      -Wl,--gc-sections -Wl,-z,noexecstack -Wl,--build-id=none -Wl,-z,separate-code)
  set(image ${CMAKE_BINARY_DIR}/enclave.img)
  add_custom_command(OUTPUT ${image}
    COMMAND enclave_image --in $<TARGET_FILE:enclave_linked> --out ${image}
            --allow ${PROJECT_SOURCE_DIR}/src/runtime/trusted/allowed_instructions.txt
    DEPENDS enclave_linked enclave_image
            ${PROJECT_SOURCE_DIR}/src/runtime/trusted/allowed_instructions.txt VERBATIM)
  add_custom_target(enclave_img ALL DEPENDS ${image})
endfunction()
