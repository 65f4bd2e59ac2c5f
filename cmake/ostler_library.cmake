# SPDX-License-Identifier: MIT

# ostler_objects(<target> <folder>...): the sources of the folders as an object library.
function(ostler_objects target)
    list(TRANSFORM ARGN APPEND "/*.c" OUTPUT_VARIABLE patterns)
    list(TRANSFORM patterns PREPEND "${PROJECT_SOURCE_DIR}/")
    file(GLOB sources CONFIGURE_DEPENDS ${patterns})
    if(NOT sources)
        message(FATAL_ERROR "ostler: no sources in ${ARGN}")
    endif()
    add_library(${target} OBJECT ${sources})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(${target} PRIVATE ostler_flags)
endfunction()

# ostler_library(<name> COMPONENT <c> OBJECTS <objects>... LINK <libraries>... [NEEDS <c>]
#                [REQUIRES <pc>...] REQUIRES_PRIVATE <pc>... DESCRIPTION <text>)
# From the same objects <name>-static and, if shared libraries are built, <name>-shared; the alias
# ostler::<c>; install rules and <name>.pc. What is exported is in cmake/<name>.map.
# LINK is what the objects call, NEEDS another component that a program links beside this one.
function(ostler_library name)
    set(single COMPONENT NEEDS DESCRIPTION)
    set(several OBJECTS LINK REQUIRES REQUIRES_PRIVATE)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "${single}" "${several}")

    set(kinds static)
    if(OSTLER_SHARED)
        set(kinds shared static)
    endif()
    foreach(kind IN LISTS kinds)
        string(TOUPPER ${kind} library_type)
        set(target ${name}-${kind})
        add_library(${target} ${library_type})
        foreach(object IN LISTS arg_OBJECTS)
            target_sources(${target} PRIVATE $<TARGET_OBJECTS:${object}>)
        endforeach()
        target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:ostler_flags> ${arg_LINK})
        target_include_directories(${target} INTERFACE
            $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
            $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
        set_target_properties(${target} PROPERTIES
            OUTPUT_NAME ${name} EXPORT_NAME ${arg_COMPONENT}-${kind} LINKER_LANGUAGE C)
        if(arg_NEEDS)
            target_link_libraries(${target} INTERFACE ostler::${arg_NEEDS}-${kind})
        endif()
        add_library(ostler::${arg_COMPONENT}-${kind} ALIAS ${target})
    endforeach()

    list(GET kinds 0 preferred)
    add_library(ostler::${arg_COMPONENT} ALIAS ${name}-${preferred})
    if(OSTLER_SHARED)
        ostler_shared_details(${name}-shared ${PROJECT_SOURCE_DIR}/cmake/${name}.map)
    endif()
    set_property(GLOBAL APPEND PROPERTY OSTLER_COMPONENTS ${arg_COMPONENT})
    if(OSTLER_INSTALL)
        ostler_install_library(${name})
    endif()
endfunction()

# Version, map of exported symbols, and nothing left undefined.
function(ostler_shared_details target map)
    set_target_properties(${target} PROPERTIES
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${map})
    if(NOT APPLE)
        target_link_options(${target} PRIVATE "LINKER:--version-script=${map}")
        if(NOT OSTLER_SANITIZE AND NOT OSTLER_FUZZ)
            target_link_options(${target} PRIVATE LINKER:-z,defs)
        endif()
    endif()
endfunction()

# Install rules of one component, its pkg-config file and its part of the CMake package. Called by
# ostler_library(), whose arguments it reads.
function(ostler_install_library name)
    set(kinds static)
    if(OSTLER_SHARED)
        set(kinds shared)
        if(OSTLER_STATIC)
            set(kinds shared static)
        endif()
    endif()
    foreach(kind IN LISTS kinds)
        install(TARGETS ${name}-${kind} EXPORT ostler-${arg_COMPONENT}-${kind})
        install(EXPORT ostler-${arg_COMPONENT}-${kind} NAMESPACE ostler::
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ostler)
    endforeach()

    # Beside a shared library, what it needs is private; a static one needs it in every link.
    list(JOIN arg_REQUIRES " " pc_requires)
    list(JOIN arg_REQUIRES_PRIVATE " " pc_requires_private)
    set(pc_libs "")
    set(pc_libs_private "-pthread -lm")
    if(NOT OSTLER_SHARED)
        string(STRIP "${pc_requires} ${pc_requires_private}" pc_requires)
        string(PREPEND pc_libs " ${pc_libs_private}")
        set(pc_requires_private "")
        set(pc_libs_private "")
    endif()
    set(pc_name ${name})
    set(pc_description ${arg_DESCRIPTION})
    ostler_pc_folder(pc_libdir "${CMAKE_INSTALL_LIBDIR}")
    ostler_pc_folder(pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
    set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
    if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
        cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
            BASE_DIRECTORY "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" OUTPUT_VARIABLE up)
        set(pc_prefix "\${pcfiledir}/${up}")
    endif()
    configure_file(${PROJECT_SOURCE_DIR}/cmake/library.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

# ostler_pc_folder(<variable> <folder>): a folder as a pkg-config file writes it.
function(ostler_pc_folder variable folder)
    if(NOT IS_ABSOLUTE "${folder}")
        string(PREPEND folder "\${prefix}/")
    endif()
    set(${variable} "${folder}" PARENT_SCOPE)
endfunction()
