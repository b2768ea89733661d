#include "runtime/trusted/libos/signal/fault.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

enum Vector : uint32_t {
    kDivide = 0,
    kDebug = 1,
    kBreakpoint = 3,
    kInvalidOpcode = 6,
    kPageFault = 14,
    kX87 = 16,
    kAlignment = 17,
    kSimd = 19
};
constexpr uint64_t kMxcsrOffset = 24;
constexpr int kBusAlignment = 1, kTrapTrace = 2;

// Which of the exceptions that are not masked: the first in this order.
int floating_point_code(uint32_t raised) {
    constexpr uint32_t kInvalid = 1, kDenormal = 2, kZeroDivide = 4, kOverflow = 8, kUnderflow = 16,
                       kPrecision = 32;
    enum { kFltDiv = 3, kFltOvf = 4, kFltUnd = 5, kFltRes = 6, kFltInv = 7 };
    if (raised & kInvalid)
        return kFltInv;
    if (raised & kZeroDivide)
        return kFltDiv;
    if (raised & kOverflow)
        return kFltOvf;
    if (raised & (kDenormal | kUnderflow))
        return kFltUnd;
    return raised & kPrecision ? kFltRes : 0;
}

int floating_point_code(const uint8_t* area, uint32_t vector) {
    if (vector == kX87) {
        uint16_t control, status;
        __builtin_memcpy(&control, area, 2);
        __builtin_memcpy(&status, area + 2, 2);
        return floating_point_code(status & ~control & 0x3fu);
    }
    uint32_t mxcsr;
    __builtin_memcpy(&mxcsr, area + kMxcsrOffset, 4);
    return floating_point_code(mxcsr & ~(mxcsr >> 7) & 0x3fu);
}

}  // namespace

SigInfo fault_signal(Thread& thread, const enclave::Registers& frame, const Exception& exception,
                     FaultVerdict verdict) {
    constexpr uint32_t kPresentUser = 5, kUser = 4;
    SigInfo info{};
    uint64_t address = 0;
    thread.fault.trap = exception.vector;
    thread.fault.error = exception.error_code;
    switch (exception.vector) {
        case kPageFault:
            thread.fault.address = address = exception.address;
            thread.fault.error |= verdict == FaultVerdict::NotMapped ? kUser : kPresentUser;
            if (verdict == FaultVerdict::BeyondFile || verdict == FaultVerdict::NoMemory)
                info.number = kSIGBUS, info.code = kBUS_ADRERR;
            else
                info.number = kSIGSEGV,
                info.code = verdict == FaultVerdict::NotMapped ? kSEGV_MAPERR : kSEGV_ACCERR;
            break;
        case kDivide:
            info.number = kSIGFPE, info.code = kFPE_INTDIV, address = frame.rip;
            break;
        case kX87:
        case kSimd:
            info.number = kSIGFPE, address = frame.rip;
            info.code =
                floating_point_code(enclave::vector_area_of(thread.block), exception.vector);
            break;
        case kInvalidOpcode:
            info.number = kSIGILL, info.code = kILL_ILLOPN, address = frame.rip;
            break;
        case kDebug:
            info.number = kSIGTRAP, info.code = kTrapTrace, address = frame.rip;
            break;
        case kBreakpoint:
            info.number = kSIGTRAP, info.code = kSI_KERNEL;
            break;
        case kAlignment:
            info.number = kSIGBUS, info.code = kBusAlignment;
            break;
        default:
            info.number = kSIGSEGV, info.code = kSI_KERNEL;
    }
    // si_addr lies where the signals of processes have si_pid and si_uid.
    info.pid = static_cast<uint32_t>(address);
    info.uid = static_cast<uint32_t>(address >> 32);
    return info;
}

}  // namespace scone::libos
