#include "lib/sgx/enclave_layout.h"

#include "lib/base/checked.h"
#include "lib/elf/reader.h"
#include "lib/sgx/elf_errors.h"
#include "lib/sgx/image_notes.h"
#include "lib/sgx/object_bytes_unsafe.h"
#include "lib/sgx/settings_page.h"

namespace scone::sgx {
namespace {

using Page = std::span<const uint8_t, kPageSize>;

alignas(4096) constexpr uint8_t kZeroPage[kPageSize] = {};

std::unexpected<Error> bad_image(const char* text, uint64_t number) {
    return base::fail(Error{ErrorCode::BadImage, text, number});
}

uint64_t rights_of(const elf::Elf64Phdr& phdr) {
    uint64_t rights = 0;
    if ((phdr.p_flags & elf::kPF_R) != 0)
        rights |= kSecinfoR;
    if ((phdr.p_flags & elf::kPF_W) != 0)
        rights |= kSecinfoW;
    if ((phdr.p_flags & elf::kPF_X) != 0)
        rights |= kSecinfoX;
    return rights;
}

// docs/formats/enclave-image.md, "Segments". Hands back the end of the last one, page aligned.
Result<uint64_t> check_segments(const elf::Reader& reader) {
    uint64_t end = 0;
    bool entry_is_code = false;
    for (uint32_t i = 0; i < reader.program_header_count(); ++i) {
        elf::Elf64Phdr phdr = reader.program_header(i);
        if (phdr.p_type == elf::kPT_INTERP)
            return bad_image("the image names an interpreter", i);
        if (phdr.p_type != elf::kPT_LOAD || phdr.p_memsz == 0)
            continue;
        if (base::round_down(phdr.p_vaddr, kPageSize) < end)
            return bad_image("two segments share a page", phdr.p_vaddr);
        uint64_t rights = rights_of(phdr);
        if ((rights & kSecinfoR) == 0)
            return bad_image("a segment is not readable", phdr.p_vaddr);
        if ((rights & kSecinfoW) != 0 && (rights & kSecinfoX) != 0)
            return bad_image("a segment is writable and executable", phdr.p_vaddr);
        end = base::round_up(phdr.p_vaddr + phdr.p_memsz, kPageSize);
        if (end > kMaxImageSize)
            return base::fail(Error{ErrorCode::TooLarge, "the image is above 512 MiB", end});
        uint64_t entry = reader.header().e_entry;
        if ((rights & kSecinfoX) != 0 && entry >= phdr.p_vaddr &&
            entry - phdr.p_vaddr < phdr.p_filesz)
            entry_is_code = true;
    }
    if (!entry_is_code)
        return bad_image("the entry point lies outside the code", reader.header().e_entry);
    return end;
}

Result<EnclaveLayout> check_layout(const elf::Reader& reader, base::Bytes settings) {
    SettingsPage page = SCONE_TRY(decode_settings(settings));
    if (reader.header().e_type != elf::kET_DYN)
        return bad_image("the image is not position independent", reader.header().e_type);

    EnclaveLayout layout{};
    layout.elrange_size = page.settings().elrange_size;
    layout.image_base = image_base(layout.elrange_size);
    uint64_t relocated_for = SCONE_TRY(image_base_of(reader.file()));
    if (relocated_for != layout.image_base)
        return base::fail(
            Error{ErrorCode::WrongBase, "the image was relocated for another base", relocated_for});
    layout.image_size = SCONE_TRY(check_segments(reader));
    layout.entry = layout.image_base + reader.header().e_entry - kEnclaveBase;
    layout.settings_address = layout.image_base + kSettingsOffset;
    layout.settings_pages = static_cast<uint32_t>(settings.size() / kPageSize);
    layout.first_slot = slot_address(layout.image_base, 0);
    return layout;
}

struct Visitor {
    LoadPageCallback callback;
    void* context;

    Result<void> operator()(uint64_t address, uint64_t secinfo, Page content,
                            Measured measured = Measured::Yes) const {
        return callback(context, LoadPage{.offset = address - kEnclaveBase,
                                          .secinfo_flags = secinfo,
                                          .measured = measured,
                                          .content = content});
    }
};

// The page of a segment at `vaddr`: its bytes in the file, zeros around them.
Result<void> visit_segment_page(const Visitor& visit, uint64_t address, uint64_t secinfo,
                                const elf::Elf64Phdr& phdr, base::Bytes contents, uint64_t vaddr,
                                Measured measured) {
    uint64_t begin = vaddr > phdr.p_vaddr ? vaddr : phdr.p_vaddr;
    uint64_t file_end = phdr.p_vaddr + contents.size();
    uint64_t end = vaddr + kPageSize < file_end ? vaddr + kPageSize : file_end;
    if (begin >= end)
        return visit(address, secinfo, Page(kZeroPage), measured);
    base::Bytes bytes = contents.subspan(begin - phdr.p_vaddr, end - begin);
    if (bytes.size() == kPageSize)
        return visit(address, secinfo, Page(bytes.data(), kPageSize), measured);
    uint8_t page[kPageSize] = {};
    base::copy_bytes({page + (begin - vaddr), bytes.size()}, bytes);
    return visit(address, secinfo, Page(page), measured);
}

Result<void> visit_image(const Visitor& visit, const elf::Reader& reader, uint64_t image_base) {
    DeferredPages deferred = SCONE_TRY(deferred_pages_of(reader.file()));
    for (uint32_t i = 0; i < reader.program_header_count(); ++i) {
        elf::Elf64Phdr phdr = reader.program_header(i);
        if (phdr.p_type != elf::kPT_LOAD)
            continue;
        uint64_t secinfo = secinfo_flags(PageType::PT_REG, rights_of(phdr));
        uint64_t end = phdr.p_vaddr + phdr.p_memsz;
        base::Bytes contents = reader.contents(phdr);
        for (uint64_t vaddr = base::round_down(phdr.p_vaddr, kPageSize); vaddr < end;
             vaddr += kPageSize) {
            Measured measured = deferred.contains(vaddr) ? Measured::No : Measured::Yes;
            SCONE_TRY(visit_segment_page(visit, image_base + vaddr, secinfo, phdr, contents, vaddr,
                                         measured));
        }
    }
    return {};
}

Result<void> visit_settings(const Visitor& visit, base::Bytes settings, uint64_t address) {
    uint64_t secinfo = secinfo_flags(PageType::PT_REG, kSecinfoR);
    for (uint64_t at = 0; at < settings.size(); at += kPageSize)
        SCONE_TRY(visit(address + at, secinfo, Page(settings.data() + at, kPageSize)));
    return {};
}

Result<void> visit_first_slot(const Visitor& visit, uint64_t slot, uint64_t entry) {
    Tcs tcs;
    make_tcs(slot - kEnclaveBase, entry, tcs);
    SCONE_TRY(visit(slot_tcs(slot), secinfo_flags(PageType::PT_TCS, 0), object_bytes(tcs)));
    uint64_t secinfo = secinfo_flags(PageType::PT_REG, kSecinfoR | kSecinfoW);
    for (uint32_t page = kSsaFirstPage; page < kSlotPages; ++page) {
        if (page >= kGuardPage && page < kStackFirstPage)
            continue;
        SCONE_TRY(visit(slot + page * kPageSize, secinfo, Page(kZeroPage)));
    }
    return {};
}

}  // namespace

void make_tcs(uint64_t slot_offset, uint64_t entry, Tcs& out) {
    __builtin_memset(&out, 0, sizeof out);
    out.ossa = slot_ssa(slot_offset);
    out.nssa = kSsaFrameCount;
    out.oentry = entry;
    out.ofs_base = slot_thread_block(slot_offset);
    out.ogs_base = slot_thread_block(slot_offset);
    out.fs_limit = 0xFFFFFFFF;
    out.gs_limit = 0xFFFFFFFF;
}

Result<EnclaveLayout> read_enclave_layout(base::Bytes image, base::Bytes settings) {
    elf::Reader reader = SCONE_TRY(open_image(image));
    return check_layout(reader, settings);
}

Result<EnclaveLayout> for_each_load_page(base::Bytes image, base::Bytes settings,
                                         LoadPageCallback callback, void* context) {
    elf::Reader reader = SCONE_TRY(open_image(image));
    EnclaveLayout layout = SCONE_TRY(check_layout(reader, settings));
    Visitor visit{callback, context};
    SCONE_TRY(visit_image(visit, reader, layout.image_base));
    SCONE_TRY(visit_settings(visit, settings, layout.settings_address));
    SCONE_TRY(visit_first_slot(visit, layout.first_slot, layout.entry));
    return layout;
}

}  // namespace scone::sgx
