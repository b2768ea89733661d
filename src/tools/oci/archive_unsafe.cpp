#include "tools/oci/archive_unsafe.h"

#include <fmt/format.h>

namespace scone::oci {

la_ssize_t ReadBridge::read(archive* a, void* self, const void** data) {
    // SAFETY: libarchive hands back the pointer that was given with this callback.
    auto& bridge = *static_cast<ReadBridge*>(self);
    auto count = bridge.source.read(bridge.buffer);
    if (!count) {
        bridge.error = count.error();
        archive_set_error(a, ARCHIVE_FATAL, "the stream failed");
        return -1;
    }
    *data = bridge.buffer.data();
    return static_cast<la_ssize_t>(*count);
}

la_ssize_t WriteBridge::write(archive* a, void* self, const void* data, size_t size) {
    // SAFETY: as above; the bytes are libarchive's until we return.
    auto& bridge = *static_cast<WriteBridge*>(self);
    if (auto ok = bridge.sink.write({static_cast<const uint8_t*>(data), size}); !ok) {
        bridge.error = ok.error();
        archive_set_error(a, ARCHIVE_FATAL, "the stream failed");
        return -1;
    }
    return static_cast<la_ssize_t>(size);
}

text::Failure archive_failure(archive* a, const std::optional<text::Failure>& stream_error,
                              ExitCode code, const std::string& doing) {
    if (stream_error)
        return *stream_error;
    const char* words = archive_error_string(a);
    return {code, fmt::format("{}: {}", doing, words != nullptr ? words : "unknown error"), {}, {}};
}

}  // namespace scone::oci
