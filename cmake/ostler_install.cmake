# SPDX-License-Identifier: MIT
# Headers, and the CMake package `ostler` with a component for each driver.
include(CMakePackageConfigHelpers)

get_property(ostler_components GLOBAL PROPERTY OSTLER_COMPONENTS)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/ostler)
install(DIRECTORY include/ostler DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h")
configure_package_config_file(cmake/ostlerConfig.cmake.in ostlerConfig.cmake
    INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(ostlerConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/ostlerConfig.cmake ${PROJECT_BINARY_DIR}/ostlerConfigVersion.cmake
    DESTINATION ${package_folder})
