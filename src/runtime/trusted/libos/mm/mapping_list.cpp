#include "runtime/trusted/libos/mm/mapping_list.h"

#include "runtime/trusted/enclave/thread_block.h"

namespace scone::libos {
namespace {

using enclave::kPageSize;

constexpr uint64_t kReach = (2ull << 30) - (64 << 20);  // of a jump, with a margin

bool can_join(const Mapping& a, const Mapping& b) {
    return a.end == b.start && !a.file && !b.file && a.prot == b.prot && a.flags == b.flags &&
           a.use == b.use && !a.is_outside();
}

}  // namespace

size_t MappingList::first_after(uint64_t address) const {
    size_t low = 0, high = items_.size();
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (items_[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

Mapping* MappingList::find(uint64_t address) {
    size_t index = first_after(address);
    return index < items_.size() && items_[index].start <= address ? &items_[index] : nullptr;
}

bool MappingList::is_free(uint64_t start, uint64_t end) const {
    size_t index = first_after(start);
    return index == items_.size() || items_[index].start >= end;
}

bool MappingList::covers(uint64_t start, uint64_t end) const {
    for (size_t i = first_after(start); start < end; i++) {
        if (i == items_.size() || items_[i].start > start)
            return false;
        start = items_[i].end;
    }
    return true;
}

bool MappingList::split_at(uint64_t address) {
    size_t index = first_after(address);
    if (index == items_.size() || items_[index].start >= address)
        return true;
    Mapping high = items_[index];
    high.offset += address - high.start;
    high.start = address;
    high.fault_window = 0;
    if (!items_.insert(index + 1, std::move(high)))
        return false;
    items_[index].end = address;
    return true;
}

bool MappingList::insert(Mapping mapping) {
    size_t index = first_after(mapping.start);
    return items_.insert(index, std::move(mapping));
}

void MappingList::merge_around(uint64_t address) {
    size_t index = first_after(address);
    if (index >= items_.size())
        return;
    if (index + 1 < items_.size() && can_join(items_[index], items_[index + 1])) {
        items_[index].end = items_[index + 1].end;
        items_.erase(index + 1);
    }
    if (index > 0 && can_join(items_[index - 1], items_[index])) {
        items_[index - 1].end = items_[index].end;
        items_.erase(index);
    }
}

uint64_t MappingList::find_free(uint64_t size, uint64_t top) const {
    size_t index = first_after(top);
    uint64_t end = top;
    if (index < items_.size() && items_[index].start < end)
        end = items_[index].start;
    for (;;) {
        uint64_t below = index == 0 ? enclave::kProgramBegin : items_[index - 1].end;
        if (end >= below && end - below >= size)
            return end - size;
        if (index == 0)
            return 0;
        index--;
        end = items_[index].start;
    }
}

uint64_t MappingList::find_near(uint64_t near, uint64_t size) const {
    size_t index = first_after(near);
    // Downwards first: above a program's code its next segments may still be to come.
    for (size_t i = index < items_.size() ? index + 1 : items_.size(); i-- > 0;) {
        uint64_t end = items_[i].start;
        uint64_t below = i == 0 ? enclave::kProgramBegin : items_[i - 1].end;
        if (end > enclave::program_end())
            continue;
        if (near > end && near - end > kReach)
            break;
        if (end - below >= size)
            return near - (end - size) < kReach ? end - size : 0;
    }
    for (size_t i = index; i < items_.size() && !items_[i].is_outside(); i++) {
        uint64_t start = items_[i].end, next = enclave::program_end();
        if (i + 1 < items_.size() && items_[i + 1].start < next)
            next = items_[i + 1].start;
        if (start - near > kReach - size)
            break;
        if (next - start >= size)
            return start;
    }
    return 0;
}

}  // namespace scone::libos
