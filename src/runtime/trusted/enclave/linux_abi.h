// Numbers and structures of Linux on x86-64 as programs see them, spelled as Linux spells them.
//
// Side:   trusted
// Source: Linux uapi headers (facts), man-pages
#pragma once

#include <cstdint>

namespace scone::linux_abi {

enum : int {
    kEPERM = 1,
    kENOENT = 2,
    kESRCH = 3,
    kEINTR = 4,
    kEIO = 5,
    kENXIO = 6,
    kE2BIG = 7,
    kENOEXEC = 8,
    kEBADF = 9,
    kECHILD = 10,
    kEAGAIN = 11,
    kENOMEM = 12,
    kEACCES = 13,
    kEFAULT = 14,
    kENOTBLK = 15,
    kEBUSY = 16,
    kEEXIST = 17,
    kEXDEV = 18,
    kENODEV = 19,
    kENOTDIR = 20,
    kEISDIR = 21,
    kEINVAL = 22,
    kENFILE = 23,
    kEMFILE = 24,
    kENOTTY = 25,
    kETXTBSY = 26,
    kEFBIG = 27,
    kENOSPC = 28,
    kESPIPE = 29,
    kEROFS = 30,
    kEMLINK = 31,
    kEPIPE = 32,
    kEDOM = 33,
    kERANGE = 34,
    kEDEADLK = 35,
    kENAMETOOLONG = 36,
    kENOLCK = 37,
    kENOSYS = 38,
    kENOTEMPTY = 39,
    kELOOP = 40,
    kENODATA = 61,
    kEOVERFLOW = 75,
    kEILSEQ = 84,
    kENOTSOCK = 88,
    kEDESTADDRREQ = 89,
    kEMSGSIZE = 90,
    kENOPROTOOPT = 92,
    kEOPNOTSUPP = 95,
    kEAFNOSUPPORT = 97,
    kEADDRINUSE = 98,
    kENOBUFS = 105,
    kEISCONN = 106,
    kENOTCONN = 107,
    kETIMEDOUT = 110,
    kECONNREFUSED = 111,
    kEOWNERDEAD = 130,
    // Never seen by programs: how a system call wants to be restarted after a signal.
    kERESTARTSYS = 512,
    kERESTARTNOINTR = 513,
    kERESTARTNOHAND = 514,
    kERESTART_RESTARTBLOCK = 516,
};

inline constexpr uint32_t kMADV_POPULATE_READ = 22, kMADV_POPULATE_WRITE = 23;
inline constexpr uint32_t kPROT_READ = 1, kPROT_WRITE = 2, kPROT_EXEC = 4,
                          kPROT_GROWSDOWN = 0x01000000;
inline constexpr uint32_t kMAP_SHARED = 1, kMAP_PRIVATE = 2, kMAP_SHARED_VALIDATE = 3,
                          kMAP_TYPE = 0xf, kMAP_FIXED = 0x10, kMAP_ANONYMOUS = 0x20,
                          kMAP_32BIT = 0x40, kMAP_GROWSDOWN = 0x100, kMAP_LOCKED = 0x2000,
                          kMAP_NORESERVE = 0x4000, kMAP_POPULATE = 0x8000, kMAP_STACK = 0x20000,
                          kMAP_FIXED_NOREPLACE = 0x100000;
inline constexpr uint32_t kMREMAP_MAYMOVE = 1, kMREMAP_FIXED = 2, kMREMAP_DONTUNMAP = 4;

inline constexpr uint32_t kO_ACCMODE = 3, kO_RDONLY = 0, kO_WRONLY = 1, kO_RDWR = 2,
                          kO_CREAT = 0100, kO_EXCL = 0200, kO_NOCTTY = 0400, kO_TRUNC = 01000,
                          kO_APPEND = 02000, kO_NONBLOCK = 04000, kO_DSYNC = 010000,
                          kO_ASYNC = 020000, kO_DIRECT = 040000, kO_LARGEFILE = 0100000,
                          kO_DIRECTORY = 0200000, kO_NOFOLLOW = 0400000, kO_NOATIME = 01000000,
                          kO_CLOEXEC = 02000000, kO_PATH = 010000000, kO_TMPFILE = 020200000;
inline constexpr int kAT_FDCWD = -100;
inline constexpr uint32_t kAT_SYMLINK_NOFOLLOW = 0x100, kAT_REMOVEDIR = 0x200, kAT_EACCESS = 0x200,
                          kAT_SYMLINK_FOLLOW = 0x400, kAT_NO_AUTOMOUNT = 0x800,
                          kAT_EMPTY_PATH = 0x1000, kAT_STATX_SYNC_TYPE = 0x6000;
inline constexpr int64_t kUTIME_NOW = 0x3fffffff, kUTIME_OMIT = 0x3ffffffe;
inline constexpr uint32_t kS_IFMT = 0170000, kS_IFSOCK = 0140000, kS_IFLNK = 0120000,
                          kS_IFREG = 0100000, kS_IFBLK = 0060000, kS_IFDIR = 0040000,
                          kS_IFCHR = 0020000, kS_IFIFO = 0010000;
inline constexpr int kSEEK_SET = 0, kSEEK_CUR = 1, kSEEK_END = 2;

inline constexpr uint64_t kCLONE_VM = 0x100, kCLONE_FS = 0x200, kCLONE_FILES = 0x400,
                          kCLONE_SIGHAND = 0x800, kCLONE_PIDFD = 0x1000, kCLONE_VFORK = 0x4000,
                          kCLONE_PARENT = 0x8000, kCLONE_THREAD = 0x10000, kCLONE_NEWNS = 0x20000,
                          kCLONE_SYSVSEM = 0x40000, kCLONE_SETTLS = 0x80000,
                          kCLONE_PARENT_SETTID = 0x100000, kCLONE_CHILD_CLEARTID = 0x200000,
                          kCLONE_DETACHED = 0x400000, kCLONE_CHILD_SETTID = 0x1000000,
                          kCLONE_CLEAR_SIGHAND = 0x100000000;

enum : int {
    kSIGHUP = 1,
    kSIGINT = 2,
    kSIGQUIT = 3,
    kSIGILL = 4,
    kSIGTRAP = 5,
    kSIGABRT = 6,
    kSIGBUS = 7,
    kSIGFPE = 8,
    kSIGKILL = 9,
    kSIGUSR1 = 10,
    kSIGSEGV = 11,
    kSIGUSR2 = 12,
    kSIGPIPE = 13,
    kSIGALRM = 14,
    kSIGTERM = 15,
    kSIGCHLD = 17,
    kSIGCONT = 18,
    kSIGSTOP = 19,
    kSIGTSTP = 20,
    kSIGTTIN = 21,
    kSIGTTOU = 22,
    kSIGURG = 23,
    kSIGXFSZ = 25,
    kSIGWINCH = 28,
    kSIGSYS = 31,
};
inline constexpr uint64_t kSA_NOCLDSTOP = 1, kSA_NOCLDWAIT = 2, kSA_SIGINFO = 4,
                          kSA_ONSTACK = 0x08000000, kSA_RESTART = 0x10000000,
                          kSA_NODEFER = 0x40000000, kSA_RESETHAND = 0x80000000,
                          kSA_RESTORER = 0x04000000;
inline constexpr int kSIG_BLOCK = 0, kSIG_UNBLOCK = 1, kSIG_SETMASK = 2;
inline constexpr uint64_t kSIG_DFL = 0, kSIG_IGN = 1;
inline constexpr int kSI_USER = 0, kSI_KERNEL = 0x80, kSI_TKILL = -6, kSI_TIMER = -2,
                     kSEGV_MAPERR = 1, kSEGV_ACCERR = 2, kBUS_ADRERR = 2, kILL_ILLOPN = 2,
                     kFPE_INTDIV = 1, kTRAP_BRKPT = 1;
inline constexpr uint32_t kSS_ONSTACK = 1, kSS_DISABLE = 2, kSS_AUTODISARM = 1u << 31;

inline constexpr uint64_t kAT_NULL = 0, kAT_IGNORE = 1, kAT_PHDR = 3, kAT_PHENT = 4, kAT_PHNUM = 5,
                          kAT_PAGESZ = 6, kAT_BASE = 7, kAT_FLAGS = 8, kAT_ENTRY = 9, kAT_UID = 11,
                          kAT_EUID = 12, kAT_GID = 13, kAT_EGID = 14, kAT_PLATFORM = 15,
                          kAT_HWCAP = 16, kAT_CLKTCK = 17, kAT_SECURE = 23, kAT_RANDOM = 25,
                          kAT_HWCAP2 = 26, kAT_EXECFN = 31, kAT_SYSINFO_EHDR = 33,
                          kAT_MINSIGSTKSZ = 51;

enum : int {
    kCLOCK_REALTIME = 0,
    kCLOCK_MONOTONIC = 1,
    kCLOCK_PROCESS_CPUTIME_ID = 2,
    kCLOCK_THREAD_CPUTIME_ID = 3,
    kCLOCK_MONOTONIC_RAW = 4,
    kCLOCK_REALTIME_COARSE = 5,
    kCLOCK_MONOTONIC_COARSE = 6,
    kCLOCK_BOOTTIME = 7,
    kCLOCK_REALTIME_ALARM = 8,
    kCLOCK_BOOTTIME_ALARM = 9,
    kCLOCK_TAI = 11,
};

struct Timespec {
    int64_t seconds, nanoseconds;
};
struct Timeval {
    int64_t seconds, microseconds;
};

struct Stat {
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, pad0;
    uint64_t rdev;
    int64_t size, blksize, blocks;
    Timespec atime, mtime, ctime;
    int64_t unused[3];
};
static_assert(sizeof(Stat) == 144);

struct SigInfo {
    int32_t number, error, code, pad;
    uint32_t pid, uid;
    uint64_t value;
    uint8_t rest[96];
};
static_assert(sizeof(SigInfo) == 128);

struct SigAction {
    uint64_t handler, flags, restorer, mask;
};
struct SigStack {
    uint64_t pointer;
    uint32_t flags, pad;
    uint64_t size;
};

struct Iovec {
    uint64_t base, size;
};

}  // namespace scone::linux_abi
