// Structures of System V interprocess communication as Linux on x86-64 has them.
//
// Side:   trusted
// Source: Linux uapi headers (facts): linux/ipc.h, linux/shm.h, linux/sem.h, linux/msg.h
#pragma once

#include <cstdint>

namespace scone::linux_abi {

inline constexpr uint32_t kIPC_RMID = 0, kIPC_SET = 1, kIPC_STAT = 2, kIPC_INFO = 3;
inline constexpr uint32_t kSHM_LOCK = 11, kSHM_UNLOCK = 12, kSHM_STAT = 13, kSHM_INFO = 14,
                          kSHM_STAT_ANY = 15;
inline constexpr uint32_t kSHM_RDONLY = 010000, kSHM_RND = 020000, kSHM_REMAP = 040000,
                          kSHM_EXEC = 0100000;
inline constexpr uint32_t kMSG_STAT = 11, kMSG_INFO = 12, kMSG_STAT_ANY = 13;
inline constexpr uint32_t kGETPID = 11, kGETVAL = 12, kGETALL = 13, kGETNCNT = 14, kGETZCNT = 15,
                          kSETVAL = 16, kSETALL = 17, kSEM_STAT = 18, kSEM_INFO = 19,
                          kSEM_STAT_ANY = 20;

struct IpcPermissions {
    int32_t key;
    uint32_t user, group, creator, creator_group, mode;
    uint16_t sequence, pad;
    uint32_t pad2;
    uint64_t unused[2];
};
static_assert(sizeof(IpcPermissions) == 48);

struct SegmentStatus {
    IpcPermissions permissions;
    uint64_t size;
    int64_t attach_time, detach_time, change_time;
    int32_t creator_pid, last_pid;
    uint64_t attached, unused[2];
};
static_assert(sizeof(SegmentStatus) == 112);

struct SemaphoreStatus {
    IpcPermissions permissions;
    int64_t operation_time, unused0, change_time, unused1;
    uint64_t count, unused[2];
};
static_assert(sizeof(SemaphoreStatus) == 104);

struct QueueStatus {
    IpcPermissions permissions;
    int64_t send_time, receive_time, change_time;
    uint64_t bytes, messages, maximum_bytes;
    int32_t last_sender, last_receiver;
    uint64_t unused[2];
};
static_assert(sizeof(QueueStatus) == 120);

}  // namespace scone::linux_abi
