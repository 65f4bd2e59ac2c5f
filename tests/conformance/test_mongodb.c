/* SPDX-License-Identifier: MIT */
#include "conformance.h"

int main(void)
{
    return conformance_run(&way_mongodb);
}
