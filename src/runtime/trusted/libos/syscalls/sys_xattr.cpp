// The twelve calls on extended attributes.
#include "runtime/trusted/libos/syscalls/arguments.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using What = ExtendedAttribute::What;

enum class Target : uint8_t { Path, Link, Descriptor };

// The name at an address: 1 to 255 bytes, else ERANGE.
Result<void> load_name(uint64_t address, FixedText<kMaximumAttributeName + 1>& out) {
    Path text;
    auto copied = copy_path(text, address);
    if (!copied)
        return error(copied.error().value == kENAMETOOLONG ? kERANGE : copied.error().value);
    out.append(text.view());
    if (out.size() == 0 || out.overflowed())
        return error(kERANGE);
    return {};
}

Result<uint64_t> apply(Call& call, Target target, ExtendedAttribute& request) {
    if (target == Target::Descriptor)
        return SCONE_TRY(usable_file(call))->extended_attribute(request);
    Follow follow = target == Target::Link ? Follow::No : Follow::Yes;
    Path path;
    SCONE_TRY(path_of(kAT_FDCWD, call.arg[0], path));
    return vfs::with_tree(path.view(), follow, [&](FileSystem& tree, std::string_view at) {
        return tree.extended_attribute(at, follow, request);
    });
}

SyscallResult attribute(Call& call, What what, Target target) {
    ExtendedAttribute request{};
    request.what = what;
    bool sets = what == What::Set, lists = what == What::List;
    uint64_t address = lists ? call.arg[1] : call.arg[2];
    if (!lists)
        SCONE_TRY(load_name(call.arg[1], request.name));
    if (what != What::Remove)
        request.size = lists ? call.arg[2] : call.arg[3];
    if (sets) {
        constexpr uint32_t kKnown = 3;
        SCONE_TRY(only_flags(call.u32(4), kKnown));
        request.flags = call.u32(4);
        if (request.size > kMaximumAttributeValue)
            return error(kE2BIG);
    } else if (request.size > kMaximumAttributeValue) {
        request.size = kMaximumAttributeValue;
    }
    if (request.size > 0) {
        request.value = static_cast<uint8_t*>(enclave::heap_allocate(request.size));
        if (request.value == nullptr)
            return error(kENOMEM);
    }
    Result<void> copied{};
    if (sets)
        copied = copy_from_program(request.value, address, request.size);
    SyscallResult result = copied ? apply(call, target, request) : std::unexpected(copied.error());
    if (result && !sets && request.size > 0) {
        copied = copy_to_program(address, request.value, *result);
        if (!copied)
            result = std::unexpected(copied.error());
    }
    enclave::heap_free(request.value);
    return result;
}

}  // namespace

SyscallResult sys_setxattr(Call& call) {
    return attribute(call, What::Set, Target::Path);
}
SyscallResult sys_lsetxattr(Call& call) {
    return attribute(call, What::Set, Target::Link);
}
SyscallResult sys_fsetxattr(Call& call) {
    return attribute(call, What::Set, Target::Descriptor);
}
SyscallResult sys_getxattr(Call& call) {
    return attribute(call, What::Get, Target::Path);
}
SyscallResult sys_lgetxattr(Call& call) {
    return attribute(call, What::Get, Target::Link);
}
SyscallResult sys_fgetxattr(Call& call) {
    return attribute(call, What::Get, Target::Descriptor);
}
SyscallResult sys_listxattr(Call& call) {
    return attribute(call, What::List, Target::Path);
}
SyscallResult sys_llistxattr(Call& call) {
    return attribute(call, What::List, Target::Link);
}
SyscallResult sys_flistxattr(Call& call) {
    return attribute(call, What::List, Target::Descriptor);
}
SyscallResult sys_removexattr(Call& call) {
    return attribute(call, What::Remove, Target::Path);
}
SyscallResult sys_lremovexattr(Call& call) {
    return attribute(call, What::Remove, Target::Link);
}
SyscallResult sys_fremovexattr(Call& call) {
    return attribute(call, What::Remove, Target::Descriptor);
}

}  // namespace scone::libos
