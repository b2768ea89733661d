// Feeds arbitrary bytes to every decoder of an fspf, as if they had verified.
#include <cstring>

#include "lib/fspf/region.h"
#include "lib/fspf/tree.h"

using namespace scone;
using namespace scone::fspf;

namespace {

void use_tree_page(base::Bytes payload, unsigned level) {
    if (!check_tree_page(payload, level))
        return;
    TreePage page(payload);
    for (size_t slot = 0; slot < page.count(); ++slot) {
        ItemKey key = page.key(slot);
        if (page.lower_bound(key) != slot || page.upper_bound(key) != slot + 1)
            __builtin_trap();
        base::Bytes value = page.value(slot);
        if (level > 0)
            (void)page.child(slot);
        if (auto inode = decode_inode(value)) {
            uint8_t out[4096];
            size_t size = encode_inode(*inode, out);
            if (size != value.size())
                __builtin_trap();
        }
        if (auto region = decode_region(value)) {
            char out[2 * kMaxPathSize];
            if (is_clean_path(region->path))
                (void)backing_path(*region, region->path, out);
        }
    }
}

void use_tag_page(base::Bytes payload, unsigned level) {
    if (!check_tag_page(payload, level))
        return;
    TagPage page(payload);
    for (size_t slot = 0; slot < page.count(); ++slot) {
        if (level == 0)
            (void)page.block(slot);
        else
            (void)page.child(slot);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    base::Bytes bytes(data, size);
    (void)decode_inode(bytes);
    (void)decode_region(bytes);
    (void)is_clean_path(base::as_text(bytes));
    uint8_t page[kPageSize] = {};
    base::copy_bytes(page, bytes);
    (void)decode_header(page);
    (void)decode_root(base::Bytes(page).first(kRootRecordSize));
    base::Bytes payload = base::Bytes(page).first(kPagePayloadSize);
    use_tree_page(payload, payload[1]);
    use_tag_page(payload, payload[1]);
    return 0;
}
