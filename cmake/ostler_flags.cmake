# SPDX-License-Identifier: MIT
# How our own code is compiled. `ostler_flags` never reaches a program that uses the library.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release)
endif()
if(OSTLER_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    find_program(CCACHE_PROGRAM ccache)
    if(CCACHE_PROGRAM)
        set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
    endif()
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(ostler_flags INTERFACE)
target_compile_definitions(ostler_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
target_compile_options(ostler_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla
    $<$<BOOL:${OSTLER_WERROR}>:-Werror>)
target_include_directories(ostler_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(OSTLER_SANITIZE)
    target_compile_options(ostler_flags INTERFACE
        -fsanitize=${OSTLER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(ostler_flags INTERFACE -fsanitize=${OSTLER_SANITIZE})
endif()
if(OSTLER_COVERAGE)
    target_compile_options(ostler_flags INTERFACE --coverage)
    target_link_options(ostler_flags INTERFACE --coverage)
endif()
if(OSTLER_FUZZ)
    target_compile_options(ostler_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
