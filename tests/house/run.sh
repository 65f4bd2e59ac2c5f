#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks on the tree itself: layers, allocation, banned functions, lengths, form, what is committed.
cd "$(dirname "$0")/../.." || exit 1
exec python3 tests/house/run.py
