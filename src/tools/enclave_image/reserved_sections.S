// Room in the enclave image that tools/enclave_image fills after the link.
// Linked into the enclave image as an object; "R" keeps both sections through --gc-sections.

#define SLOT_SIZE 64
#define SLOT_COUNT 512
#define NOTE_ROOM 8192

    .section .scone.trampolines, "axR", @progbits
    .balign SLOT_SIZE
    .fill SLOT_COUNT * SLOT_SIZE, 1, 0xcc

    .section .note.scone, "aR", @note
    .balign 4
    .long 6                 // size of the owner's name
    .long NOTE_ROOM - 20    // size of the description
    .long 0                 // type: unused
    .asciz "SCONE"
    .balign 4
    .space NOTE_ROOM - 20

    .section .note.GNU-stack, "", @progbits
