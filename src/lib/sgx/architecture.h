// The SGX structures, byte for byte.
//
// Side:   both
// Layout: little endian; each struct asserts its size and the offsets that matter. All are plain
//         data without padding, so that they may be copied from and to byte buffers.
// Align:  the processor wants PAGEINFO 32, SECINFO 64, REPORTDATA 128, and TARGETINFO, REPORT and
//         KEYREQUEST 512 bytes aligned, SECS and TCS on their own page; the structs do not ask it
//         of the compiler, leaf callers do.
// Source: Intel SDM volume 3D, "SGX data structures"
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "lib/base/bytes.h"

namespace scone::sgx {

using Measurement256 = base::ByteArray<32>;  // MRENCLAVE, MRSIGNER
using CpuSvn = base::ByteArray<16>;
using Key128 = base::ByteArray<16>;

struct Attributes {
    uint64_t flags;
    uint64_t xfrm;

    friend bool operator==(const Attributes&, const Attributes&) = default;
};

struct Secs {
    uint64_t size;
    uint64_t base_address;
    uint32_t ssa_frame_size;  // pages
    uint32_t misc_select;
    uint8_t reserved_24[24];
    Attributes attributes;
    Measurement256 mr_enclave;
    uint8_t reserved_96[32];
    Measurement256 mr_signer;
    uint8_t reserved_160[32];
    base::ByteArray<64> config_id;
    uint16_t isv_prod_id;
    uint16_t isv_svn;
    uint16_t config_svn;
    uint8_t reserved_262[3834];
};
static_assert(sizeof(Secs) == 4096 && offsetof(Secs, attributes) == 48 &&
              offsetof(Secs, mr_enclave) == 64 && offsetof(Secs, mr_signer) == 128 &&
              offsetof(Secs, config_id) == 192 && offsetof(Secs, isv_prod_id) == 256);

inline constexpr uint64_t kTcsDBGOPTIN = 1;
inline constexpr uint64_t kTcsAEXNOTIFY = 2;

struct Tcs {
    uint64_t state;
    uint64_t flags;
    uint64_t ossa;
    uint32_t cssa;
    uint32_t nssa;
    uint64_t oentry;
    uint64_t aep;
    uint64_t ofs_base;
    uint64_t ogs_base;
    uint32_t fs_limit;
    uint32_t gs_limit;
    uint8_t reserved_72[4024];
};
static_assert(sizeof(Tcs) == 4096 && offsetof(Tcs, oentry) == 32 && offsetof(Tcs, gs_limit) == 68);

struct Secinfo {
    uint64_t flags;
    uint8_t reserved[56];
};
static_assert(sizeof(Secinfo) == 64);

struct Pageinfo {
    uint64_t linear_address;
    uint64_t source_page;
    uint64_t secinfo;
    uint64_t secs;
};
static_assert(sizeof(Pageinfo) == 32);

inline constexpr size_t kRsaSize = 384;
using RsaNumber = base::ByteArray<kRsaSize>;  // little endian

// `packed`: signature and Q1 lie at offsets that are no multiple of their natural alignment.
struct [[gnu::packed]] Sigstruct {
    base::ByteArray<16> header;
    uint32_t vendor;
    uint32_t date;  // binary-coded decimal yyyymmdd
    base::ByteArray<16> header2;
    uint32_t sw_defined;
    uint8_t reserved_44[84];
    RsaNumber modulus;
    uint32_t exponent;
    RsaNumber signature;
    uint32_t misc_select;
    uint32_t misc_mask;
    uint8_t reserved_908[4];
    base::ByteArray<16> isv_family_id;
    Attributes attributes;
    Attributes attribute_mask;
    Measurement256 enclave_hash;
    uint8_t reserved_992[16];
    base::ByteArray<16> isv_ext_prod_id;
    uint16_t isv_prod_id;
    uint16_t isv_svn;
    uint8_t reserved_1028[12];
    RsaNumber q1;
    RsaNumber q2;
};
static_assert(sizeof(Sigstruct) == 1808 && offsetof(Sigstruct, modulus) == 128 &&
              offsetof(Sigstruct, signature) == 516 && offsetof(Sigstruct, misc_select) == 900 &&
              offsetof(Sigstruct, attributes) == 928 && offsetof(Sigstruct, enclave_hash) == 960 &&
              offsetof(Sigstruct, isv_prod_id) == 1024 && offsetof(Sigstruct, q1) == 1040);

struct ReportBody {
    CpuSvn cpu_svn;
    uint32_t misc_select;
    uint8_t reserved_20[12];
    base::ByteArray<16> isv_ext_prod_id;
    Attributes attributes;
    Measurement256 mr_enclave;
    uint8_t reserved_96[32];
    Measurement256 mr_signer;
    uint8_t reserved_160[32];
    base::ByteArray<64> config_id;
    uint16_t isv_prod_id;
    uint16_t isv_svn;
    uint16_t config_svn;
    uint8_t reserved_262[42];
    base::ByteArray<16> isv_family_id;
    base::ByteArray<64> report_data;
};
static_assert(sizeof(ReportBody) == 384 && offsetof(ReportBody, attributes) == 48 &&
              offsetof(ReportBody, mr_enclave) == 64 && offsetof(ReportBody, mr_signer) == 128 &&
              offsetof(ReportBody, config_id) == 192 && offsetof(ReportBody, isv_prod_id) == 256 &&
              offsetof(ReportBody, isv_family_id) == 304 &&
              offsetof(ReportBody, report_data) == 320);

struct Report {
    ReportBody body;
    base::ByteArray<32> key_id;
    base::ByteArray<16> mac;
};
static_assert(sizeof(Report) == 432 && offsetof(Report, key_id) == 384);

struct TargetInfo {
    Measurement256 mr_enclave;
    Attributes attributes;
    uint8_t reserved_48[2];
    uint16_t config_svn;
    uint32_t misc_select;
    uint8_t reserved_56[8];
    base::ByteArray<64> config_id;
    uint8_t reserved_128[384];
};
static_assert(sizeof(TargetInfo) == 512 && offsetof(TargetInfo, config_svn) == 50 &&
              offsetof(TargetInfo, config_id) == 64);

enum KeyName : uint16_t {
    kKeyEINITTOKEN = 0,
    kKeyPROVISION = 1,
    kKeyPROVISION_SEAL = 2,
    kKeyREPORT = 3,
    kKeySEAL = 4,
};
inline constexpr uint16_t kKeypolicyMRENCLAVE = 1;
inline constexpr uint16_t kKeypolicyMRSIGNER = 2;
inline constexpr uint16_t kKeypolicyNOISVPRODID = 4;
inline constexpr uint16_t kKeypolicyCONFIGID = 8;
inline constexpr uint16_t kKeypolicyISVFAMILYID = 16;
inline constexpr uint16_t kKeypolicyISVEXTPRODID = 32;

struct KeyRequest {
    uint16_t key_name;
    uint16_t key_policy;
    uint16_t isv_svn;
    uint8_t reserved_6[2];
    CpuSvn cpu_svn;
    Attributes attribute_mask;
    base::ByteArray<32> key_id;
    uint32_t misc_mask;
    uint16_t config_svn;
    uint8_t reserved_78[434];
};
static_assert(sizeof(KeyRequest) == 512 && offsetof(KeyRequest, attribute_mask) == 24 &&
              offsetof(KeyRequest, key_id) == 40 && offsetof(KeyRequest, misc_mask) == 72 &&
              offsetof(KeyRequest, config_svn) == 76);

// Error codes that leaf functions leave in RAX.
inline constexpr uint64_t kSGX_INVALID_SIG_STRUCT = 1;
inline constexpr uint64_t kSGX_INVALID_ATTRIBUTE = 2;
inline constexpr uint64_t kSGX_INVALID_MEASUREMENT = 4;
inline constexpr uint64_t kSGX_INVALID_SIGNATURE = 8;
inline constexpr uint64_t kSGX_INVALID_CPUSVN = 32;
inline constexpr uint64_t kSGX_INVALID_ISVSVN = 64;
inline constexpr uint64_t kSGX_INVALID_KEYNAME = 256;

inline constexpr size_t kReportAlignment = 512;
inline constexpr size_t kReportDataAlignment = 128;
inline constexpr size_t kTargetInfoAlignment = 512;
inline constexpr size_t kKeyRequestAlignment = 512;

// The end of an SSA frame: general registers at the time of an asynchronous exit.
struct ExitInfo {
    uint8_t vector;
    uint8_t exit_type;  // 3 hardware exception, 6 software exception
    uint8_t reserved;
    uint8_t valid;  // bit 7 (bit 31 of the word): the fields are valid
};
inline constexpr uint8_t kExitTypeHardware = 3;
inline constexpr uint8_t kExitTypeSoftware = 6;
inline constexpr uint8_t kExitInfoValid = 0x80;

struct SsaGpr {
    uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags;
    uint64_t rip;
    uint64_t ursp;  // of the host, at EENTER
    uint64_t urbp;
    ExitInfo exit_info;
    uint8_t reserved_164[3];
    uint8_t aex_notify;
    uint64_t fs_base;
    uint64_t gs_base;
};
static_assert(sizeof(SsaGpr) == 184 && offsetof(SsaGpr, rip) == 136 &&
              offsetof(SsaGpr, exit_info) == 160 && offsetof(SsaGpr, aex_notify) == 167 &&
              offsetof(SsaGpr, fs_base) == 168);

// MISC region with EXINFO, directly below SsaGpr.
struct SsaExInfo {
    uint64_t maddr;  // the faulting linear address
    uint32_t error_code;
    uint32_t reserved;
};
static_assert(sizeof(SsaExInfo) == 16);
// In the last page of a frame: 16 bytes EXINFO, then 184 bytes GPRSGX, ending the frame.
inline constexpr size_t kSsaGprOffsetFromEnd = sizeof(SsaGpr);
inline constexpr size_t kSsaExInfoOffsetFromEnd = sizeof(SsaGpr) + sizeof(SsaExInfo);

static_assert(std::is_trivial_v<Secs> && std::is_trivial_v<Tcs> && std::is_trivial_v<Sigstruct> &&
              std::is_trivial_v<Report> && std::is_trivial_v<TargetInfo> &&
              std::is_trivial_v<KeyRequest>);

}  // namespace scone::sgx
