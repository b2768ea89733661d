#include "tools/sconify/plaintext_check.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <utility>

namespace scone::sconify {
namespace {

using base::Bytes;
using text::ExitCode;
using text::failure;
using text::Outcome;

// Any run of 32 bytes holds a whole block of 16 that is aligned in its file.
constexpr size_t kWindow = 32;
constexpr size_t kBlock = 16;
constexpr size_t kDifferentBytes = 6;
constexpr size_t kFilterBits = 24;
constexpr uint64_t kBase = 0x100000001b3;

constexpr uint64_t power(uint64_t base, size_t exponent) {
    uint64_t out = 1;
    for (size_t i = 0; i < exponent; ++i)
        out *= base;
    return out;
}
constexpr uint64_t kOut = power(kBase, kBlock);

uint64_t hash_of(Bytes block) {
    uint64_t hash = 0;
    for (const uint8_t byte : block)
        hash = hash * kBase + byte + 1;
    return hash;
}
size_t filter_bit(uint64_t hash) {
    return (hash * 0x9e3779b97f4a7c15) >> (64 - kFilterBits);
}

bool says_something(Bytes text) {
    std::array<bool, 256> seen{};
    size_t count = 0;
    for (const uint8_t byte : text)
        if (!std::exchange(seen[byte], true))
            ++count;
    return count >= kDifferentBytes;
}

}  // namespace

Outcome<void> PlaintextCheck::add(const std::string& name, const oci::Extent& content) {
    if (content.size < kWindow)
        return {};
    filter_.resize((size_t{1} << kFilterBits) / 64);
    File file{.name = name, .content = SCONE_TRY(spool_.map(content))};
    const Bytes bytes = file.content.bytes();
    for (uint64_t offset = 0; offset + kBlock <= bytes.size(); offset += kBlock) {
        const Bytes block = bytes.subspan(offset, kBlock);
        // Blocks of zeros and blanks would only be long chains; a window that says something has
        // another block that does, or is found by none.
        if (!says_something(block))
            continue;
        const uint64_t hash = hash_of(block);
        const size_t bit = filter_bit(hash);
        filter_[bit / 64] |= uint64_t{1} << bit % 64;
        if (blocks_.count(hash) < 8)
            blocks_.emplace(hash, Place{static_cast<uint32_t>(files_.size()), offset});
    }
    files_.push_back(std::move(file));
    return {};
}

PlaintextCheck::Run PlaintextCheck::longest_run(const Place& place, Bytes data, uint64_t at) const {
    const Bytes file = files_[place.file].content.bytes();
    uint64_t before = 0, after = 0;
    while (before < place.offset && before < at &&
           file[place.offset - before - 1] == data[at - before - 1])
        ++before;
    while (place.offset + after < file.size() && at + after < data.size() &&
           file[place.offset + after] == data[at + after])
        ++after;
    return {place.file, place.offset - before, at - before, before + after};
}

Outcome<void> PlaintextCheck::scan(std::string_view where, Bytes data, Public is_public) {
    if (files_.empty() || data.size() < kWindow)
        return {};
    std::map<uint32_t, uint64_t> covered;  // bytes of each file seen in public data
    uint64_t hash = hash_of(data.first(kBlock));
    uint64_t skip_to = 0;
    for (size_t at = 0;; ++at) {
        const size_t bit = filter_bit(hash);
        if (at >= skip_to && (filter_[bit / 64] >> bit % 64 & 1) != 0) {
            const auto [first, last] = blocks_.equal_range(hash);
            for (auto it = first; it != last; ++it) {
                const Run run = longest_run(it->second, data, at);
                if (run.size < kWindow ||
                    !says_something(data.subspan(run.start_in_data, run.size)))
                    continue;
                const File& file = files_[run.file];
                if (is_public == Public::No)
                    return failure(
                        ExitCode::Integrity,
                        fmt::format("{} bytes of the encrypted file '{}' (from {}) are in "
                                    "clear in {}",
                                    run.size, file.name, run.start_in_file, where));
                covered[run.file] += run.size;
                skip_to = std::max(skip_to, run.start_in_data + run.size);
                if (covered[run.file] * 10 >= file.content.bytes().size() * 9)
                    return failure(ExitCode::Integrity,
                                   fmt::format("the encrypted file '{}' also stands in clear in {}",
                                               file.name, where));
                break;
            }
        }
        if (at + kBlock >= data.size())
            return {};
        hash = hash * kBase + data[at + kBlock] + 1 - kOut * (uint64_t{data[at]} + 1);
    }
}

Outcome<void> PlaintextCheck::scan_image(const oci::ImageBuilder& image,
                                         const std::set<std::string>& clear_paths) {
    SCONE_TRY(scan("the image's configuration", base::as_bytes(image.config_json()), Public::No));
    const std::string manifest =
        SCONE_TRY(image.store().read(image.manifest(), oci::kMaxManifestSize));
    SCONE_TRY(scan("the image's manifest", base::as_bytes(manifest), Public::No));
    size_t number = 0;
    for (const oci::LayerBlob::Stored& layer : image.layers()) {
        const std::string name = fmt::format("layer {} of {}", ++number, image.layers().size());
        auto spool = SCONE_TRY(oci::Spool::create());
        auto packed = SCONE_TRY(image.store().open(layer.blob));
        auto tar = SCONE_TRY(oci::unpacked(std::move(packed), name));
        oci::CheckingSource checked(std::move(tar), layer.diff_id, std::nullopt, name);
        std::string names;
        for (const oci::Entry& entry : SCONE_TRY(oci::read_layer(checked, *spool, {}, name))) {
            names += fmt::format("{}\n{}\n", entry.path, entry.target);
            for (const auto& [key, value] : entry.xattrs)
                names += fmt::format("{}={}\n", key, value);
            const auto content = SCONE_TRY(spool->map(entry.content));
            SCONE_TRY(scan(fmt::format("'/{}' of {}", entry.path, name), content.bytes(),
                           clear_paths.contains(entry.path) ? Public::Yes : Public::No));
        }
        SCONE_TRY(scan(fmt::format("the names in {}", name), base::as_bytes(names), Public::No));
    }
    return {};
}

}  // namespace scone::sconify
