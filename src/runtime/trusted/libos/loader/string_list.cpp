#include "runtime/trusted/libos/loader/program.h"
#include "runtime/trusted/libos/program_memory.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
constexpr size_t kMaximumBytes = 2 << 20;     // ARG_MAX
constexpr size_t kMaximumString = 128 << 10;  // MAX_ARG_STRLEN

}  // namespace

Result<void> StringList::add(std::string_view text) {
    if (bytes_.size() + text.size() + 1 > kMaximumBytes)
        return error(kE2BIG);
    size_t at = bytes_.size();
    if (!bytes_.resize(at + text.size() + 1))
        return error(kENOMEM);
    __builtin_memcpy(bytes_.data() + at, text.data(), text.size());
    bytes_[at + text.size()] = 0;
    count_++;
    return {};
}

Result<void> StringList::add_from_program(uint64_t array) {
    if (array == 0)
        return {};
    for (uint64_t i = 0;; i++) {
        uint64_t address = SCONE_TRY(AppPtr<uint64_t>(array).load(i));
        if (address == 0)
            return {};
        size_t start = bytes_.size();
        for (bool ended = false; !ended;) {
            uint64_t step = 4096 - address % 4096;
            if (step > 256)
                step = 256;
            size_t at = bytes_.size();
            if (at + step > kMaximumBytes || at - start > kMaximumString)
                return error(kE2BIG);
            if (!bytes_.resize(at + step))
                return error(kENOMEM);
            SCONE_TRY(copy_from_program(bytes_.data() + at, address, step));
            for (uint64_t j = 0; j < step; j++) {
                if (bytes_[at + j] == 0) {
                    if (!bytes_.resize(at + j + 1))
                        return error(kENOMEM);
                    ended = true;
                    break;
                }
            }
            address += step;
        }
        count_++;
    }
}

void StringList::drop_first() {
    if (count_ == 0)
        return;
    size_t size = std::string_view(bytes_.data()).size() + 1;
    bytes_.erase(0, size);
    count_--;
}

Result<void> StringList::prepend(std::string_view text) {
    StringList next;
    SCONE_TRY(next.add(text));
    Result<void> added{};
    for_each([&](std::string_view old) {
        if (added)
            added = next.add(old);
    });
    SCONE_TRY(std::move(added));
    bytes_.swap(next.bytes_);
    count_ = next.count_;
    return {};
}

}  // namespace scone::libos
