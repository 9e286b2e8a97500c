# The Socket.IO library as a package for other projects:
#   cmake --install build/release --component socketio --prefix /opt/patchbay
#   find_package(patchbay REQUIRED COMPONENTS socketio)
#   target_link_libraries(mine PRIVATE patchbay::socketio)
#   #include "socketio/socketio.h"
# Headers go to include/patchbay/<module>/, which the imported targets put on the include path; the libraries are static.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(PATCHBAY_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/patchbay")

# Of a module with INSTALL; see patchbay_module().
function(patchbay_install_library target)
  install(TARGETS ${target} EXPORT patchbay
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT socketio
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/patchbay" COMPONENT socketio)
endfunction()

# Once, after the modules.
function(patchbay_install_package)
  install(EXPORT patchbay NAMESPACE patchbay:: FILE patchbayTargets.cmake
    DESTINATION "${PATCHBAY_PACKAGE_DIR}" COMPONENT socketio)
  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/patchbayConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/package/patchbayConfig.cmake" INSTALL_DESTINATION "${PATCHBAY_PACKAGE_DIR}"
    NO_SET_AND_CHECK_MACRO)
  # Until 1.0 a new minor version may change the interface.
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/patchbayConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
  install(FILES "${PROJECT_BINARY_DIR}/package/patchbayConfig.cmake"
    "${PROJECT_BINARY_DIR}/package/patchbayConfigVersion.cmake"
    DESTINATION "${PATCHBAY_PACKAGE_DIR}" COMPONENT socketio)
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT socketio)
  install(FILES "${PROJECT_SOURCE_DIR}/docs/socketio.md" "${PROJECT_SOURCE_DIR}/docs/socketio-client.md"
    DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT socketio)
endfunction()
