// ELF constants and structures of 64-bit x86, as published.
//
// Side:   both
// Layout: little endian; the structs may be copied from bytes
// Source: System V ABI, gABI chapters 4 and 5; AMD64 psABI
#pragma once

#include <cstdint>

namespace scone::elf {

inline constexpr uint8_t kELFMAG[4] = {0x7F, 'E', 'L', 'F'};
inline constexpr uint8_t kELFCLASS64 = 2;
inline constexpr uint8_t kELFDATA2LSB = 1;
inline constexpr uint8_t kEV_CURRENT = 1;
inline constexpr uint16_t kEM_X86_64 = 62;

inline constexpr uint16_t kET_REL = 1;
inline constexpr uint16_t kET_EXEC = 2;
inline constexpr uint16_t kET_DYN = 3;
inline constexpr uint16_t kET_CORE = 4;

inline constexpr uint32_t kPT_LOAD = 1;
inline constexpr uint32_t kPT_DYNAMIC = 2;
inline constexpr uint32_t kPT_INTERP = 3;
inline constexpr uint32_t kPT_NOTE = 4;
inline constexpr uint32_t kPT_PHDR = 6;
inline constexpr uint32_t kPT_TLS = 7;
inline constexpr uint32_t kPT_GNU_EH_FRAME = 0x6474E550;
inline constexpr uint32_t kPT_GNU_STACK = 0x6474E551;
inline constexpr uint32_t kPT_GNU_RELRO = 0x6474E552;
inline constexpr uint32_t kPT_GNU_PROPERTY = 0x6474E553;

inline constexpr uint32_t kPF_X = 1;
inline constexpr uint32_t kPF_W = 2;
inline constexpr uint32_t kPF_R = 4;

inline constexpr int64_t kDT_NULL = 0;
inline constexpr int64_t kDT_NEEDED = 1;
inline constexpr int64_t kDT_STRTAB = 5;
inline constexpr int64_t kDT_SYMTAB = 6;
inline constexpr int64_t kDT_RELA = 7;
inline constexpr int64_t kDT_RELASZ = 8;
inline constexpr int64_t kDT_RELAENT = 9;
inline constexpr int64_t kDT_STRSZ = 10;
inline constexpr int64_t kDT_INIT = 12;
inline constexpr int64_t kDT_FINI = 13;
inline constexpr int64_t kDT_SONAME = 14;
inline constexpr int64_t kDT_RPATH = 15;
inline constexpr int64_t kDT_TEXTREL = 22;
inline constexpr int64_t kDT_JMPREL = 23;
inline constexpr int64_t kDT_RUNPATH = 29;
inline constexpr int64_t kDT_FLAGS = 30;
inline constexpr int64_t kDT_RELR = 36;
inline constexpr int64_t kDT_RELRSZ = 35;
inline constexpr int64_t kDT_FLAGS_1 = 0x6FFFFFFB;
inline constexpr uint64_t kDF_1_PIE = 0x08000000;

inline constexpr uint32_t kR_X86_64_RELATIVE = 8;

inline constexpr uint32_t kSHT_NULL = 0;
inline constexpr uint32_t kSHT_PROGBITS = 1;
inline constexpr uint32_t kSHT_SYMTAB = 2;
inline constexpr uint32_t kSHT_STRTAB = 3;
inline constexpr uint32_t kSHT_NOTE = 7;
inline constexpr uint32_t kSHT_NOBITS = 8;
inline constexpr uint64_t kSHF_WRITE = 1;
inline constexpr uint64_t kSHF_ALLOC = 2;
inline constexpr uint64_t kSHF_EXECINSTR = 4;

struct Elf64Ehdr {
    uint8_t e_ident[16];
    uint16_t e_type;
    uint16_t e_machine;
    uint32_t e_version;
    uint64_t e_entry;
    uint64_t e_phoff;
    uint64_t e_shoff;
    uint32_t e_flags;
    uint16_t e_ehsize;
    uint16_t e_phentsize;
    uint16_t e_phnum;
    uint16_t e_shentsize;
    uint16_t e_shnum;
    uint16_t e_shstrndx;
};
static_assert(sizeof(Elf64Ehdr) == 64);

struct Elf64Phdr {
    uint32_t p_type;
    uint32_t p_flags;
    uint64_t p_offset;
    uint64_t p_vaddr;
    uint64_t p_paddr;
    uint64_t p_filesz;
    uint64_t p_memsz;
    uint64_t p_align;
};
static_assert(sizeof(Elf64Phdr) == 56);

struct Elf64Shdr {
    uint32_t sh_name;
    uint32_t sh_type;
    uint64_t sh_flags;
    uint64_t sh_addr;
    uint64_t sh_offset;
    uint64_t sh_size;
    uint32_t sh_link;
    uint32_t sh_info;
    uint64_t sh_addralign;
    uint64_t sh_entsize;
};
static_assert(sizeof(Elf64Shdr) == 64);

struct Elf64Dyn {
    int64_t d_tag;
    uint64_t d_val;
};
static_assert(sizeof(Elf64Dyn) == 16);

struct Elf64Rela {
    uint64_t r_offset;
    uint64_t r_info;
    int64_t r_addend;
};
static_assert(sizeof(Elf64Rela) == 24);

struct Elf64Sym {
    uint32_t st_name;
    uint8_t st_info;
    uint8_t st_other;
    uint16_t st_shndx;
    uint64_t st_value;
    uint64_t st_size;
};
static_assert(sizeof(Elf64Sym) == 24);

}  // namespace scone::elf
