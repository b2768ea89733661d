// Every message but Configuration (configuration.cpp) and ErrorChain (error_chain.cpp).
#include "lib/channel/messages.h"

#include "lib/channel/tlv.h"

namespace scone::channel {
namespace {

// Tags; each message has its own numbers, from 1.
namespace las_tag {
constexpr uint16_t kClient = 1;
constexpr uint16_t kKind = 1, kTargetInfo = 2, kQeId = 3, kLas = 4;
constexpr uint16_t kReport = 1;
constexpr uint16_t kQuoteKind = 1, kQuote = 2;
}  // namespace las_tag
namespace cas_tag {
constexpr uint16_t kQuoteItem = 1, kRuntime = 2;
constexpr uint16_t kCas = 1;
constexpr uint16_t kConfigId = 1, kAccessToken = 2;
constexpr uint16_t kVolume = 1, kOldTag = 2, kNewTag = 3;
constexpr uint16_t kSeconds = 1;
constexpr uint16_t kStatus = 1, kSignal = 2;
}  // namespace cas_tag

Result<QuoteKind> quote_kind(const TlvField& field) {
    switch (SCONE_TRY(field.number())) {
        case 1:
            return QuoteKind::Dcap;
        case 2:
            return QuoteKind::Simulated;
        default:
            return error(ErrorCode::Malformed, "quote of an unknown kind", field.tag);
    }
}

Result<std::string> owned_text(const TlvField& field, size_t limit = kMaxTextSize) {
    return std::string(SCONE_TRY(field.text(limit)));
}

// Calls `take` with each field; what it leaves (false) must be optional.
template <class Take>
Result<void> each_field(Bytes payload, Take take) {
    TlvReader reader(payload);
    while (std::optional<TlvField> field = SCONE_TRY(reader.next()))
        if (!SCONE_TRY(take(*field)))
            SCONE_TRY(skip_unknown(*field));
    return {};
}

TlvWriter fields_of(const QuoteReply& message) {
    TlvWriter out;
    out.number(las_tag::kQuoteKind, static_cast<uint64_t>(message.kind));
    out.bytes(las_tag::kQuote, message.quote);
    return out;
}

}  // namespace

Result<SecretBytes> encode(const LasHello& message) {
    TlvWriter out;
    out.text(las_tag::kClient, message.client);
    return encode_frame(MessageType::LasHello, out.payload());
}

Result<LasHello> decode_las_hello(Bytes payload) {
    LasHello message;
    SeenFields seen;
    SCONE_TRY(each_field(payload, [&](const TlvField& field) -> Result<bool> {
        if (field.tag != las_tag::kClient)
            return false;
        SCONE_TRY(seen.once(field.tag));
        message.client = SCONE_TRY(owned_text(field));
        return true;
    }));
    SCONE_TRY(seen.require({las_tag::kClient}));
    return message;
}

Result<SecretBytes> encode(const LasTarget& message) {
    TlvWriter out;
    out.number(las_tag::kKind, static_cast<uint64_t>(message.kind));
    out.bytes(las_tag::kTargetInfo, message.target_info);
    out.bytes(las_tag::kQeId, message.qe_id);
    out.text(las_tag::kLas, message.las);
    return encode_frame(MessageType::LasTarget, out.payload());
}

Result<LasTarget> decode_las_target(Bytes payload) {
    LasTarget message;
    SeenFields seen;
    SCONE_TRY(each_field(payload, [&](const TlvField& field) -> Result<bool> {
        switch (field.tag) {
            case las_tag::kKind:
                message.kind = SCONE_TRY(quote_kind(field));
                break;
            case las_tag::kTargetInfo:
                message.target_info = SCONE_TRY(field.array<kTargetInfoSize>());
                break;
            case las_tag::kQeId:
                message.qe_id = SCONE_TRY(field.array<16>());
                break;
            case las_tag::kLas:
                message.las = SCONE_TRY(owned_text(field));
                break;
            default:
                return false;
        }
        SCONE_TRY(seen.once(field.tag));
        return true;
    }));
    SCONE_TRY(seen.require({las_tag::kKind, las_tag::kTargetInfo, las_tag::kQeId, las_tag::kLas}));
    return message;
}

Result<SecretBytes> encode(const QuoteRequest& message) {
    TlvWriter out;
    out.bytes(las_tag::kReport, message.report);
    return encode_frame(MessageType::QuoteRequest, out.payload());
}

Result<QuoteRequest> decode_quote_request(Bytes payload) {
    QuoteRequest message;
    SeenFields seen;
    SCONE_TRY(each_field(payload, [&](const TlvField& field) -> Result<bool> {
        if (field.tag != las_tag::kReport)
            return false;
        SCONE_TRY(seen.once(field.tag));
        message.report = SCONE_TRY(field.array<kReportSize>());
        return true;
    }));
    SCONE_TRY(seen.require({las_tag::kReport}));
    return message;
}

Result<SecretBytes> encode(const QuoteReply& message) {
    return encode_frame(MessageType::QuoteReply, fields_of(message).payload());
}

Result<QuoteReply> decode_quote_reply(Bytes payload) {
    QuoteReply message;
    SeenFields seen;
    SCONE_TRY(each_field(payload, [&](const TlvField& field) -> Result<bool> {
        switch (field.tag) {
            case las_tag::kQuoteKind:
                message.kind = SCONE_TRY(quote_kind(field));
                break;
            case las_tag::kQuote:
                if (field.value.size() > kMaxQuoteSize)
                    return error(ErrorCode::TooLarge, "quote above 64 KiB", field.value.size());
                message.quote.assign(field.value.begin(), field.value.end());
                break;
            default:
                return false;
        }
        SCONE_TRY(seen.once(field.tag));
        return true;
    }));
    SCONE_TRY(seen.require({las_tag::kQuoteKind, las_tag::kQuote}));
    return message;
}

Result<SecretBytes> encode(const EnclaveHello& message) {
    TlvWriter out;
    for (const QuoteReply& quote : message.quotes)
        out.record(cas_tag::kQuoteItem, fields_of(quote));
    out.text(cas_tag::kRuntime, message.runtime);
    return encode_frame(MessageType::EnclaveHello, out.payload());
}

Result<EnclaveHello> decode_enclave_hello(Bytes payload) {
    EnclaveHello message;
    SeenFields seen;
    SCONE_TRY(each_field(payload, [&](const TlvField& field) -> Result<bool> {
        switch (field.tag) {
            case cas_tag::kQuoteItem:
                if (message.quotes.size() == kMaxQuotes)
                    return error(ErrorCode::TooLarge, "more than 4 quotes");
                message.quotes.push_back(SCONE_TRY(decode_quote_reply(field.value)));
                return true;
            case cas_tag::kRuntime:
                SCONE_TRY(seen.once(field.tag));
                message.runtime = SCONE_TRY(owned_text(field));
                return true;
            default:
                return false;
        }
    }));
    SCONE_TRY(seen.require({cas_tag::kRuntime}));
    if (message.quotes.empty())
        return error(ErrorCode::MissingField, "hello without a quote", cas_tag::kQuoteItem);
    return message;
}

Result<SecretBytes> encode(const EnclaveHelloDone& message) {
    TlvWriter out;
    out.text(cas_tag::kCas, message.cas);
    return encode_frame(MessageType::EnclaveHelloDone, out.payload());
}

Result<EnclaveHelloDone> decode_enclave_hello_done(Bytes payload) {
    EnclaveHelloDone message;
    SeenFields seen;
    SCONE_TRY(each_field(payload, [&](const TlvField& field) -> Result<bool> {
        if (field.tag != cas_tag::kCas)
            return false;
        SCONE_TRY(seen.once(field.tag));
        message.cas = SCONE_TRY(owned_text(field));
        return true;
    }));
    SCONE_TRY(seen.require({cas_tag::kCas}));
    return message;
}

Result<SecretBytes> encode(const ConfigurationRequest& message) {
    TlvWriter out;
    out.text(cas_tag::kConfigId, message.config_id);
    if (!message.service_access_token.empty())
        out.bytes(cas_tag::kAccessToken, message.service_access_token.expose());
    return encode_frame(MessageType::ConfigurationRequest, out.payload());
}

Result<ConfigurationRequest> decode_configuration_request(Bytes payload) {
    ConfigurationRequest message;
    SeenFields seen;
    SCONE_TRY(each_field(payload, [&](const TlvField& field) -> Result<bool> {
        switch (field.tag) {
            case cas_tag::kConfigId:
                message.config_id = SCONE_TRY(owned_text(field, kMaxConfigIdSize));
                break;
            case cas_tag::kAccessToken:
                if (field.value.size() > kMaxTextSize)
                    return error(ErrorCode::TooLarge, "access token above 4 KiB", field.tag);
                message.service_access_token = SecretBytes(field.value);
                break;
            default:
                return false;
        }
        SCONE_TRY(seen.once(field.tag));
        return true;
    }));
    SCONE_TRY(seen.require({cas_tag::kConfigId}));
    return message;
}

Result<SecretBytes> encode(const TagUpdate& message) {
    TlvWriter out;
    out.text(cas_tag::kVolume, message.volume);
    out.bytes(cas_tag::kOldTag, message.old_tag);
    out.bytes(cas_tag::kNewTag, message.new_tag);
    return encode_frame(MessageType::TagUpdate, out.payload());
}

Result<TagUpdate> decode_tag_update(Bytes payload) {
    TagUpdate message;
    SeenFields seen;
    SCONE_TRY(each_field(payload, [&](const TlvField& field) -> Result<bool> {
        switch (field.tag) {
            case cas_tag::kVolume:
                message.volume = SCONE_TRY(owned_text(field));
                break;
            case cas_tag::kOldTag:
                message.old_tag = SCONE_TRY(field.array<16>());
                break;
            case cas_tag::kNewTag:
                message.new_tag = SCONE_TRY(field.array<16>());
                break;
            default:
                return false;
        }
        SCONE_TRY(seen.once(field.tag));
        return true;
    }));
    SCONE_TRY(seen.require({cas_tag::kVolume, cas_tag::kOldTag, cas_tag::kNewTag}));
    return message;
}

Result<SecretBytes> encode(const LeaseGranted& message) {
    TlvWriter out;
    out.number(cas_tag::kSeconds, message.seconds);
    return encode_frame(MessageType::LeaseGranted, out.payload());
}

Result<LeaseGranted> decode_lease_granted(Bytes payload) {
    LeaseGranted message;
    SeenFields seen;
    SCONE_TRY(each_field(payload, [&](const TlvField& field) -> Result<bool> {
        if (field.tag != cas_tag::kSeconds)
            return false;
        SCONE_TRY(seen.once(field.tag));
        message.seconds = SCONE_TRY(field.number());
        return true;
    }));
    SCONE_TRY(seen.require({cas_tag::kSeconds}));
    return message;
}

Result<SecretBytes> encode(const Exit& message) {
    TlvWriter out;
    out.number(cas_tag::kStatus, message.status);
    out.number(cas_tag::kSignal, message.signal);
    return encode_frame(MessageType::Exit, out.payload());
}

Result<Exit> decode_exit(Bytes payload) {
    Exit message;
    SeenFields seen;
    SCONE_TRY(each_field(payload, [&](const TlvField& field) -> Result<bool> {
        switch (field.tag) {
            case cas_tag::kStatus:
                message.status = SCONE_TRY(field.number());
                break;
            case cas_tag::kSignal:
                message.signal = SCONE_TRY(field.number());
                break;
            default:
                return false;
        }
        SCONE_TRY(seen.once(field.tag));
        return true;
    }));
    SCONE_TRY(seen.require({cas_tag::kStatus, cas_tag::kSignal}));
    return message;
}

Result<SecretBytes> encode(const TagStored&) {
    return encode_frame(MessageType::TagStored, {});
}
Result<SecretBytes> encode(const Lease&) {
    return encode_frame(MessageType::Lease, {});
}
Result<SecretBytes> encode(const ExitNoted&) {
    return encode_frame(MessageType::ExitNoted, {});
}

Result<void> decode_empty(Bytes payload) {
    return each_field(payload, [](const TlvField&) -> Result<bool> { return false; });
}

}  // namespace scone::channel
