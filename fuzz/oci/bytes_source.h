// The fuzzer's bytes as a source.
//
// Side: fuzz targets
#pragma once

#include "tools/oci/stream.h"

namespace scone::oci {

class BytesSource : public ByteSource {
  public:
    explicit BytesSource(Bytes bytes) : rest_(bytes) {}
    Outcome<size_t> read(MutableBytes out) override {
        const size_t count = std::min(out.size(), rest_.size());
        base::copy_bytes(out, rest_.first(count));
        rest_ = rest_.subspan(count);
        return count;
    }

  private:
    Bytes rest_;
};

}  // namespace scone::oci
