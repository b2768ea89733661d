// The linked enclave image while it is edited: its bytes, what lies where, its symbols.
//
// Side:    host
// Errors:  InvalidInput: not an ELF of the expected kind, or without a section that is needed
// Threads: not thread-safe
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/elf/reader.h"
#include "lib/text/failure.h"
#include "lib/x86/branch_targets.h"

namespace scone::enclave_image {

class Image {
  public:
    struct Symbol {
        uint64_t address;
        uint64_t size;
        uint8_t type;     // STT_...
        uint8_t binding;  // STB_...
        bool defined;
        std::string name;
    };
    struct Area {
        uint64_t address;
        base::MutableBytes bytes;
    };

    // Takes a static-PIE: ET_DYN, no interpreter, no needed library, with a symbol table.
    static text::Outcome<Image> open(std::vector<uint8_t> bytes);

    const elf::Reader& reader() const { return reader_; }
    const std::vector<uint8_t>& bytes() const { return bytes_; }
    const std::vector<x86::Segment>& segments() const { return segments_; }
    // The code segment that holds [address, address + size); nullptr if none does.
    const x86::Segment* code_at(uint64_t address, uint64_t size) const;
    // The file bytes of [address, address + size) in a loaded segment; empty if not all are there.
    base::MutableBytes at(uint64_t address, uint64_t size);
    text::Outcome<Area> section(std::string_view name);

    const std::vector<Symbol>& symbols() const { return symbols_; }
    text::Outcome<uint64_t> address_of(std::string_view symbol) const;
    // "function+0x1f"; "?" where no symbol precedes the address.
    std::string place(uint64_t address) const;
    // True inside an object (STT_OBJECT): a table, also where it stands among code.
    bool is_data(uint64_t address) const;
    // The function whose bytes hold the address; nullptr where none says so.
    const Symbol* function_around(uint64_t address) const;
    // The function's name of place().
    std::string function_at(uint64_t address) const;

  private:
    Image(std::vector<uint8_t> bytes, elf::Reader reader)
        : bytes_(std::move(bytes)), reader_(reader) {}
    text::Outcome<void> read_symbols();
    const Symbol* symbol_at(uint64_t address) const;

    std::vector<uint8_t> bytes_;
    elf::Reader reader_;  // a view of bytes_, whose size never changes
    std::vector<x86::Segment> segments_;
    std::vector<Symbol> symbols_;  // by address
};

text::Failure bad_image(std::string what);

}  // namespace scone::enclave_image
