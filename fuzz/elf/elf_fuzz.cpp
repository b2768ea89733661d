// Any bytes as an ELF file: everything that a Reader hands out is looked at.
#include <cstdint>
#include <memory>

#include "lib/elf/dependencies.h"

using namespace scone;

namespace {

volatile uint8_t sink;

void look_at(base::Bytes bytes) {
    for (uint8_t byte : bytes)
        sink = byte;
}

void look_at_sections(const elf::Reader& reader) {
    for (uint32_t i = 0; i < reader.section_count() && i < 256; ++i) {
        auto section = reader.section(i);
        if (!section)
            return;
        if (auto name = reader.section_name(*section))
            look_at(base::as_bytes(*name));
        if (auto contents = reader.section_contents(*section))
            look_at(*contents);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    // A copy of exactly this size lets the sanitizer see a read behind the end.
    auto copy = std::make_unique<uint8_t[]>(size);
    if (size != 0)
        __builtin_memcpy(copy.get(), data, size);
    auto reader = elf::Reader::open({copy.get(), size});
    if (!reader)
        return 0;
    for (uint32_t i = 0; i < reader->program_header_count(); ++i) {
        elf::Elf64Phdr phdr = reader->program_header(i);
        look_at(reader->contents(phdr));
        if (auto bytes = reader->at_address(phdr.p_vaddr, phdr.p_memsz))
            look_at(*bytes);
    }
    if (reader->load_range().begin > reader->load_range().end)
        __builtin_trap();
    (void)elf::for_each_note(*reader, [](const elf::Note& note) {
        look_at(base::as_bytes(note.owner));
        look_at(note.description);
        return true;
    });
    if (auto found = elf::read_dependencies(*reader)) {
        look_at(base::as_bytes(found->interpreter));
        look_at(base::as_bytes(found->runpath));
        uint32_t count = 0;
        auto walked = elf::for_each_needed(*reader, [&](std::string_view name) {
            look_at(base::as_bytes(name));
            ++count;
        });
        if (!walked || count != found->needed_count)
            __builtin_trap();
    }
    look_at_sections(*reader);
    return 0;
}
