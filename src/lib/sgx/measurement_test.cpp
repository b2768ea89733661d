// MRENCLAVE of made and published streams, and of an image with a settings page.
#include "lib/sgx/measurement.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/base/endian.h"
#include "lib/base/hex.h"
#include "lib/sgx/enclave_layout.h"
#include "lib/sgx/image_for_test.h"
#include "lib/sgx/settings_page.h"
#include "lib/sgx/vectors_for_test.h"

namespace scone::sgx {
namespace {

std::string hex(base::Bytes bytes) {
    std::string text(bytes.size() * 2, ' ');
    base::hex_encode(bytes, text);
    return text;
}

// Replays a stream of records; nullopt when it is none.
std::optional<Measurement256> measure_stream(base::Bytes stream) {
    std::optional<Measurement> measurement;
    while (!stream.empty()) {
        if (stream.size() < 64)
            return std::nullopt;
        base::Bytes record = stream.first(64);
        stream = stream.subspan(64);
        std::string tag(base::as_text(record.first(8)));
        bool has_content = tag == std::string("EEXTEND\0", 8) || tag == "UNMEASRD";
        if (has_content && stream.size() < kExtendSize)
            return std::nullopt;
        uint64_t offset = base::load_le64(record.data() + 8);
        if (tag == std::string("ECREATE\0", 8)) {
            measurement.emplace(base::load_le64(record.data() + 12),
                                base::load_le32(record.data() + 8));
        } else if (!measurement) {
            return std::nullopt;
        } else if (tag == std::string("EADD\0\0\0\0", 8)) {
            measurement->add_page(offset, base::load_le64(record.data() + 16));
        } else if (tag == std::string("EEXTEND\0", 8)) {
            measurement->extend(offset,
                                std::span<const uint8_t, kExtendSize>(stream.data(), kExtendSize));
        } else if (tag != "UNMEASRD") {
            return std::nullopt;
        }
        if (has_content)
            stream = stream.subspan(kExtendSize);
    }
    if (!measurement)
        return std::nullopt;
    return measurement->finish();
}

TEST(Measurement, StreamsHaveTheirPublishedMrenclave) {
    VECTORS_OR_SKIP(folder, "sgxs");
    std::vector<std::string> names = files_with_ending(folder, ".sgxs");
    EXPECT_GE(names.size(), 3u);
    for (const std::string& name : names) {
        std::vector<uint8_t> stream = read_test_file(folder + "/" + name + ".sgxs");
        auto measured = measure_stream(stream);
        ASSERT_TRUE(measured) << name;
        EXPECT_EQ(hex(*measured), expected_text(folder + "/" + name, "mrenclave")) << name;
        stream[13] ^= 1;  // SIZE
        EXPECT_NE(measure_stream(stream), measured) << name;
    }
}

TEST(Measurement, FollowsThePageListOfAnImage) {
    std::vector<uint8_t> image = small_image().build();
    std::vector<uint8_t> settings = settings_pages(Settings{});
    auto measured = measure_enclave(image, settings);
    ASSERT_TRUE(measured);
    Measurement by_hand(kDefaultElrangeSize, 1);
    ASSERT_TRUE(for_each_load_page(image, settings, [&](const LoadPage& page) -> Result<void> {
        by_hand.add_page(page.offset, page.secinfo_flags);
        by_hand.extend_page(page.offset, page.content);
        return {};
    }));
    EXPECT_EQ(*measured, by_hand.finish());
}

TEST(Measurement, EverythingThatIsMeasuredCounts) {
    std::vector<uint8_t> image = small_image().build();
    std::vector<uint8_t> settings = settings_pages(Settings{});
    Measurement256 original = *measure_enclave(image, settings);
    EXPECT_EQ(*measure_enclave(image, settings), original);

    Settings other_heap;
    other_heap.heap_size += kPageSize;
    EXPECT_NE(*measure_enclave(image, settings_pages(other_heap)), original);

    std::vector<uint8_t> other_code = image;
    other_code[kTestCodeOffset + 100] ^= 1;
    EXPECT_NE(*measure_enclave(other_code, settings), original);

    ElfBuilderWithNotes other_entry = small_image();
    other_entry.entry(kTestCodeOffset + 8);
    EXPECT_NE(*measure_enclave(other_entry.build(), settings), original);
}

TEST(Measurement, RefusesWhatTheLayoutRefuses) {
    std::vector<uint8_t> settings = settings_pages(Settings{});
    EXPECT_EQ(measure_enclave({}, settings).error(), ErrorCode::BadImage);
    EXPECT_EQ(measure_enclave(small_image().build(), {}).error(), ErrorCode::Truncated);
}

}  // namespace
}  // namespace scone::sgx
