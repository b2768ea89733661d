#include "runtime/host/launcher/enclave_builder.h"

#include <vector>

#include "lib/sgx/attributes.h"
#include "lib/sgx/image_notes.h"

namespace scone::launcher {
namespace {

text::Failure bad_image(const sgx::Error& error) {
    return {text::ExitCode::RuntimeFatal,
            std::string("the enclave image is not usable: ") + error.text + " (" +
                std::to_string(error.number) + ")",
            "loading the enclave", ""};
}

machine::EnclaveParameters parameters_of(const sgx::EnclaveLayout& layout) {
    machine::EnclaveParameters parameters;
    parameters.base = sgx::kEnclaveBase;
    parameters.size = layout.elrange_size;
    parameters.ssa_frame_pages = sgx::kSsaFramePages;
    parameters.misc_select = sgx::kOurMiscselect;
    parameters.attribute_flags = sgx::kOurAttributes;
    parameters.xfrm = usable_xfrm();
    parameters.slots_offset = layout.image_base + sgx::kSlotsOffset - sgx::kEnclaveBase;
    parameters.slot_size = sgx::kSlotSize;
    parameters.slot_count = sgx::kMaxTcsCount;
    return parameters;
}

}  // namespace

text::Outcome<BuiltEnclave> build_enclave(machine::Machine& machine, base::Bytes image,
                                          base::Bytes settings) {
    auto layout = sgx::read_enclave_layout(image, settings);
    if (!layout)
        return std::unexpected(bad_image(layout.error()));
    SCONE_TRY(machine.create(parameters_of(*layout)));
    // The walk knows sgx errors only; a refusal of the machine is kept aside.
    text::Outcome<void> refusal;
    auto walked = sgx::for_each_load_page(
        image, settings, [&](const sgx::LoadPage& page) -> sgx::Result<void> {
            auto measured = page.measured == sgx::Measured::Yes ? machine::Measured::Yes
                                                                : machine::Measured::No;
            refusal = machine.add_pages(page.offset, 1, page.content, page.secinfo_flags, measured);
            if (!refusal)
                return base::fail(sgx::Error{sgx::ErrorCode::BadImage, "page", page.offset});
            return {};
        });
    if (!refusal)
        return std::unexpected(refusal.error());
    if (!walked)
        return std::unexpected(bad_image(walked.error()));
    std::vector<uint64_t> slots;
    auto found = sgx::for_each_enclu_slot(
        image, [&](uint64_t vaddr) { slots.push_back(layout->image_base + vaddr); });
    if (!found)
        return std::unexpected(bad_image(found.error()));
    SCONE_TRY(machine.set_enclu_slots(slots));
    return BuiltEnclave{*layout, machine.measurement()};
}

}  // namespace scone::launcher
