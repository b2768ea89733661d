// The ErrorChain message and how it is shown.
#include <algorithm>

#include "lib/channel/messages.h"
#include "lib/channel/tlv.h"

namespace scone::channel {
namespace {

constexpr uint16_t kCause = 1;
constexpr uint16_t kKind = 1, kDepth = 2, kText = 3;
constexpr uint64_t kMaxDepth = 8;

Result<Cause> decode_cause(Bytes payload) {
    Cause cause;
    SeenFields seen;
    TlvReader reader(payload);
    while (std::optional<TlvField> field = SCONE_TRY(reader.next())) {
        switch (field->tag) {
            case kKind: {
                uint64_t kind = SCONE_TRY(field->number());
                if (kind > static_cast<uint64_t>(CauseKind::Note))
                    return error(ErrorCode::Malformed, "cause of an unknown kind", kind);
                cause.kind = static_cast<CauseKind>(kind);
                break;
            }
            case kDepth: {
                uint64_t depth = SCONE_TRY(field->number());
                if (depth > kMaxDepth)
                    return error(ErrorCode::TooLarge, "causes nested too deeply", depth);
                cause.depth = static_cast<uint8_t>(depth);
                break;
            }
            case kText:
                cause.text = SCONE_TRY(field->text(kMaxTextSize));
                break;
            default:
                SCONE_TRY(skip_unknown(*field));
                continue;
        }
        SCONE_TRY(seen.once(field->tag));
    }
    SCONE_TRY(seen.require({kKind, kDepth, kText}));
    return cause;
}

const char* prefix_of(CauseKind kind) {
    switch (kind) {
        case CauseKind::CausedBy:
            return "Caused by: ";
        case CauseKind::Item:
            return "";
        case CauseKind::Note:
            return "Note: ";
    }
    __builtin_unreachable();
}

// The text comes from outside and goes to terminals and logs.
std::string printable(const std::string& text) {
    std::string out;
    for (char c : text) {
        auto byte = static_cast<uint8_t>(c);
        out += byte < 0x20 || byte >= 0x7f ? '?' : c;
    }
    return out;
}

}  // namespace

Result<SecretBytes> encode(const ErrorChain& message) {
    TlvWriter out;
    size_t count = std::min(message.causes.size(), kMaxCauses);
    for (const Cause& cause : std::span(message.causes).first(count)) {
        TlvWriter record;
        record.number(kKind, static_cast<uint64_t>(cause.kind));
        record.number(kDepth, std::min<uint64_t>(cause.depth, kMaxDepth));
        record.text(kText, std::string_view(cause.text).substr(0, kMaxTextSize));
        out.record(kCause, record);
    }
    return encode_frame(MessageType::ErrorChain, out.payload());
}

Result<ErrorChain> decode_error_chain(Bytes payload) {
    ErrorChain message;
    TlvReader reader(payload);
    while (std::optional<TlvField> field = SCONE_TRY(reader.next())) {
        if (field->tag != kCause) {
            SCONE_TRY(skip_unknown(*field));
            continue;
        }
        if (message.causes.size() == kMaxCauses)
            return error(ErrorCode::TooLarge, "more than 64 causes");
        message.causes.push_back(SCONE_TRY(decode_cause(field->value)));
    }
    if (message.causes.empty())
        return error(ErrorCode::MissingField, "error without a cause", kCause);
    return message;
}

std::string print_error_chain(const ErrorChain& chain) {
    std::string out;
    for (const Cause& cause : chain.causes) {
        out.append(2 + 2 * size_t{cause.depth}, ' ');
        out += prefix_of(cause.kind);
        out += printable(cause.text);
        out += '\n';
    }
    return out;
}

}  // namespace scone::channel
