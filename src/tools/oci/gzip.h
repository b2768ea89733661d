// gzip by ISA-L: reading any gzip file, writing fast, and writing what does not compress as it is.
//
// Side:    host
// Errors:  InvalidInput (not gzip, damaged, ends early), and those of the wrapped stream
// Source:  RFC 1951, RFC 1952
#pragma once

#include <isa-l/igzip_lib.h>

#include <memory>
#include <vector>

#include "tools/oci/stream.h"

namespace scone::oci {

// The uncompressed content of one or several gzip members.
class GzipSource : public ByteSource {
  public:
    GzipSource(std::unique_ptr<ByteSource> inner, std::string name);
    ~GzipSource() override;
    Outcome<size_t> read(MutableBytes out) override;

  private:
    std::unique_ptr<ByteSource> inner_;
    std::string name_;
    std::unique_ptr<inflate_state> state_;
    std::vector<uint8_t> input_;
    bool inner_ended_ = false;
    bool in_member_ = false;
    bool ended_ = false;
};

enum class Packing { Compress, Store };

// One gzip member. The same input and packing give the same bytes.
class GzipSink : public ByteSink {
  public:
    explicit GzipSink(std::unique_ptr<ByteSink> inner);
    ~GzipSink() override;
    Outcome<void> write(Bytes data) override;
    Outcome<void> finish() override;
    // Store: ciphertext and the like go into stored deflate blocks, without a search for matches.
    Outcome<void> set_packing(Packing packing);

  private:
    Outcome<void> write_header();
    Outcome<void> deflate(Bytes data, uint16_t flush, bool last);
    Outcome<void> store(Bytes data);

    std::unique_ptr<ByteSink> inner_;
    std::unique_ptr<isal_zstream> stream_;
    std::vector<uint8_t> level_buffer_;
    std::vector<uint8_t> output_;
    Packing packing_ = Packing::Compress;
    bool header_written_ = false;
    bool block_open_ = false;  // compressed data without a flush after it
    uint32_t crc_ = 0;
    uint64_t size_ = 0;
};

}  // namespace scone::oci
