# Fails when an object taken from libipsec-mb needs a symbol that the enclave cannot give it.
cmake_minimum_required(VERSION 3.25)
set(allowed imb_errno imb_errno_types)  # defined in aes_gcm_ipsec_mb.cpp
execute_process(COMMAND ${NM} --undefined-only ${ARCHIVE}
                OUTPUT_VARIABLE output RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "cannot list the symbols of ${ARCHIVE}")
endif()
string(REGEX MATCHALL "U [^\n]+" lines "${output}")
if(NOT lines)
  message(FATAL_ERROR "no undefined symbol found: the archive is not what this test expects")
endif()
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^U " "" symbol "${line}")
  if(NOT symbol IN_LIST allowed)
    message(FATAL_ERROR "${ARCHIVE} needs '${symbol}', allowed are: ${allowed}")
  endif()
endforeach()
