# Servers and databases in the enclave. Each test file has its own network and process namespace.
foreach(program redis nginx mariadb small_servers)
  add_test(NAME programs:${program}
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/${program}_test.py ${CMAKE_BINARY_DIR}/bin)
  set_tests_properties(programs:${program} PROPERTIES TIMEOUT 600)
endforeach()
