#!/usr/bin/env python3
"""Makes an image that was finished for one base loadable by Linux at just that base.

The type becomes ET_EXEC and the PT_LOAD addresses get the base added; the C library still finds its
load address from the unchanged dynamic section.
"""
import struct
import sys

source, target, base = sys.argv[1], sys.argv[2], int(sys.argv[3], 16)
image = bytearray(open(source, "rb").read())
struct.pack_into("<H", image, 16, 2)
entry, table = struct.unpack_from("<QQ", image, 24)
struct.pack_into("<Q", image, 24, entry + base)
count = struct.unpack_from("<H", image, 56)[0]
for i in range(count):
    at = table + i * 56
    if struct.unpack_from("<I", image, at)[0] == 1:
        address = struct.unpack_from("<Q", image, at + 16)[0]
        struct.pack_into("<QQ", image, at + 16, address + base, address + base)
open(target, "wb").write(image)
