// The page of the vDSO, without its section table, which lies behind it in the file.
    .section .rodata.scone_vdso, "a"
    .globl scone_vdso_image
    .balign 16
scone_vdso_image:
    .incbin SCONE_VDSO_FILE, 0, 0x28
    .quad 0
    .incbin SCONE_VDSO_FILE, 0x30, 0x0c
    .short 0, 0
    .incbin SCONE_VDSO_FILE, 0x40, 0xfc0

    .section .note.GNU-stack, "", @progbits
