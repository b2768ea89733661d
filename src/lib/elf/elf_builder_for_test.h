// Small ELF files for the tests of this room and of lib/sgx: a header, program headers, one blob.
//
// Side: host, tests only
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/elf/elf_abi.h"

namespace scone::elf {

class ElfBuilder {
  public:
    explicit ElfBuilder(uint16_t type = kET_DYN) {
        Elf64Ehdr& header = header_;
        std::memcpy(header.e_ident, kELFMAG, 4);
        header.e_ident[4] = kELFCLASS64;
        header.e_ident[5] = kELFDATA2LSB;
        header.e_ident[6] = kEV_CURRENT;
        header.e_type = type;
        header.e_machine = kEM_X86_64;
        header.e_version = kEV_CURRENT;
        header.e_phoff = sizeof(Elf64Ehdr);
        header.e_ehsize = sizeof(Elf64Ehdr);
        header.e_phentsize = sizeof(Elf64Phdr);
    }

    // Bytes at a fixed file offset; the file grows as needed.
    ElfBuilder& put(uint64_t offset, base::Bytes bytes) {
        if (file_.size() < offset + bytes.size())
            file_.resize(offset + bytes.size());
        std::memcpy(file_.data() + offset, bytes.data(), bytes.size());
        return *this;
    }
    ElfBuilder& put(uint64_t offset, std::string_view text) {
        return put(offset, base::as_bytes(text));
    }
    ElfBuilder& put_dynamic(uint64_t offset, const std::vector<Elf64Dyn>& entries) {
        for (const Elf64Dyn& entry : entries) {
            put(offset, {reinterpret_cast<const uint8_t*>(&entry), sizeof entry});
            offset += sizeof entry;
        }
        return *this;
    }
    ElfBuilder& segment(Elf64Phdr phdr) {
        if (phdr.p_align == 0)
            phdr.p_align = 4096;
        segments_.push_back(phdr);
        return *this;
    }
    ElfBuilder& entry(uint64_t address) {
        header_.e_entry = address;
        return *this;
    }
    Elf64Ehdr& header() { return header_; }

    std::vector<uint8_t> build() {
        header_.e_phnum = static_cast<uint16_t>(segments_.size());
        put(0, {reinterpret_cast<const uint8_t*>(&header_), sizeof header_});
        for (size_t i = 0; i < segments_.size(); ++i)
            put(sizeof header_ + i * sizeof(Elf64Phdr),
                {reinterpret_cast<const uint8_t*>(&segments_[i]), sizeof(Elf64Phdr)});
        return file_;
    }

  private:
    Elf64Ehdr header_{};
    std::vector<Elf64Phdr> segments_;
    std::vector<uint8_t> file_;
};

// One note, padded to 4 bytes.
inline std::vector<uint8_t> make_note(std::string_view owner, uint32_t type, base::Bytes desc) {
    std::vector<uint8_t> note;
    auto word = [&](uint64_t value) {
        for (int i = 0; i < 4; ++i)
            note.push_back(static_cast<uint8_t>(value >> 8 * i));
    };
    word(owner.size() + 1);
    word(desc.size());
    word(type);
    note.insert(note.end(), owner.begin(), owner.end());
    note.push_back(0);
    note.resize((note.size() + 3) / 4 * 4);
    note.insert(note.end(), desc.begin(), desc.end());
    note.resize((note.size() + 3) / 4 * 4);
    return note;
}

}  // namespace scone::elf
