# Makes the library Syscoin::ipc in the project that looks for it: the interfaces in <syscoin/ipc/interfaces.h>, and the
# code that mpgen makes of the schemas beside them. It is made there because it must fit the project's compiler and its
# libmultiprocess. MPGEN_EXECUTABLE may name the mpgen to use.

include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(Libmultiprocess COMPONENTS Lib)

if(NOT MPGEN_EXECUTABLE)
  find_program(MPGEN_EXECUTABLE mpgen)
endif()
if(NOT MPGEN_EXECUTABLE)
  set(SyscoinIpc_FOUND FALSE)
  set(SyscoinIpc_NOT_FOUND_MESSAGE "mpgen, which libmultiprocess brings, was not found: set MPGEN_EXECUTABLE")
  return()
endif()

get_filename_component(SyscoinIpc_INCLUDE_DIR "${CMAKE_CURRENT_LIST_DIR}/../../../include" ABSOLUTE)
set(SyscoinIpc_SCHEMA_DIR "${SyscoinIpc_INCLUDE_DIR}/syscoin/ipc/schema")

if(NOT TARGET Syscoin::ipc)
  set(_syscoin_ipc_directory "${CMAKE_CURRENT_BINARY_DIR}/SyscoinIpc")
  file(MAKE_DIRECTORY "${_syscoin_ipc_directory}")
  set(_syscoin_ipc_sources "")
  foreach(_syscoin_ipc_schema IN ITEMS common echo init mining rpc rust)
    set(_syscoin_ipc_input "${SyscoinIpc_SCHEMA_DIR}/${_syscoin_ipc_schema}.capnp")
    set(_syscoin_ipc_stem "${_syscoin_ipc_directory}/syscoin/ipc/schema/${_syscoin_ipc_schema}.capnp")
    set(_syscoin_ipc_headers "")
    set(_syscoin_ipc_code "")
    foreach(_syscoin_ipc_kind IN ITEMS h proxy.h proxy-types.h)
      list(APPEND _syscoin_ipc_headers "${_syscoin_ipc_stem}.${_syscoin_ipc_kind}")
    endforeach()
    foreach(_syscoin_ipc_kind IN ITEMS c++ proxy-client.c++ proxy-server.c++ proxy-types.c++)
      list(APPEND _syscoin_ipc_code "${_syscoin_ipc_stem}.${_syscoin_ipc_kind}")
    endforeach()
    add_custom_command(
      OUTPUT ${_syscoin_ipc_code} ${_syscoin_ipc_headers}
      COMMAND "${MPGEN_EXECUTABLE}" "${SyscoinIpc_INCLUDE_DIR}" "${SyscoinIpc_INCLUDE_DIR}" "${_syscoin_ipc_input}"
              "${SyscoinIpc_SCHEMA_DIR}"
      WORKING_DIRECTORY "${_syscoin_ipc_directory}"
      DEPENDS "${_syscoin_ipc_input}" "${MPGEN_EXECUTABLE}"
      VERBATIM
    )
    list(APPEND _syscoin_ipc_sources ${_syscoin_ipc_code})
  endforeach()

  add_library(syscoin_ipc STATIC EXCLUDE_FROM_ALL ${_syscoin_ipc_sources})
  add_library(Syscoin::ipc ALIAS syscoin_ipc)
  # Reading the headers takes longer than the code that follows: together they are read once.
  set_target_properties(syscoin_ipc PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  target_compile_features(syscoin_ipc PUBLIC cxx_std_20)
  target_include_directories(syscoin_ipc SYSTEM PUBLIC "${SyscoinIpc_INCLUDE_DIR}" "${_syscoin_ipc_directory}")
  target_link_libraries(syscoin_ipc PUBLIC Libmultiprocess::multiprocess Threads::Threads)
endif()
