#include "lib/attest/signed_json.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "lib/base/hex.h"
#include "lib/crypto/signature.h"

namespace scone::attest {
namespace {

constexpr text::JsonLimits kLimits{size_t{1} << 20, 16};

std::unexpected<Error> malformed(const char* text, uint64_t number = 0) {
    return error(ErrorCode::CollateralMalformed, text, number);
}

// Exactly `digits.size()` decimal digits.
std::optional<unsigned> decimal(std::string_view digits) {
    unsigned value = 0;
    for (char c : digits) {
        if (c < '0' || c > '9')
            return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
}

}  // namespace

Result<SignedDocument> split_signed_document(std::string_view text, const char* name) {
    auto inner = text::raw_slice(text, name, kLimits);
    auto signature = text::raw_slice(text, "signature", kLimits);
    if (!inner || !signature)
        return malformed("signed document lacks its object or its signature, or is no JSON");
    SignedDocument document{*inner, {}};
    bool quoted = signature->size() == 130 && signature->front() == '"' && signature->back() == '"';
    if (!quoted || !base::hex_decode(signature->substr(1, 128), document.signature))
        return malformed("signature: expected 128 hexadecimal digits");
    return document;
}

Result<void> check_document_signature(const SignedDocument& document,
                                      const crypto::PublicKey& signer) {
    auto verdict =
        crypto::verify_p256_raw(signer, base::as_bytes(document.signed_bytes), document.signature);
    if (!verdict)
        return error(ErrorCode::CollateralSignature,
                     "signature of TCB info or QE identity is wrong");
    return {};
}

Result<text::Json> parse_inner(std::string_view signed_bytes) {
    auto parsed = text::parse_json(signed_bytes, kLimits);
    if (!parsed)
        return malformed("signed object is not well-formed JSON", parsed.error().at.column);
    if (parsed->as_object() == nullptr)
        return malformed("signed object is not a JSON object");
    return std::move(*parsed);
}

Result<uint64_t> number_field(const text::Json& object, const char* key, uint64_t limit,
                              const char* text) {
    auto value = object.find_uint64(key);
    if (!value || *value > limit)
        return malformed(text, value.value_or(0));
    return *value;
}

Result<std::string_view> text_field(const text::Json& object, const char* key, const char* text) {
    const std::string* value = object.find_string(key);
    if (value == nullptr)
        return malformed(text);
    return *value;
}

Result<int64_t> time_field(const text::Json& object, const char* key, const char* text) {
    auto time = parse_utc_time(SCONE_TRY(text_field(object, key, text)));
    if (!time)
        return malformed(text);
    return *time;
}

template <size_t N>
Result<ByteArray<N>> hex_field(const text::Json& object, const char* key, const char* text) {
    ByteArray<N> out;
    if (!base::hex_decode(SCONE_TRY(text_field(object, key, text)), out))
        return malformed(text);
    return out;
}
template Result<ByteArray<2>> hex_field(const text::Json&, const char*, const char*);
template Result<ByteArray<4>> hex_field(const text::Json&, const char*, const char*);
template Result<ByteArray<6>> hex_field(const text::Json&, const char*, const char*);
template Result<ByteArray<8>> hex_field(const text::Json&, const char*, const char*);
template Result<ByteArray<16>> hex_field(const text::Json&, const char*, const char*);
template Result<ByteArray<32>> hex_field(const text::Json&, const char*, const char*);
template Result<ByteArray<48>> hex_field(const text::Json&, const char*, const char*);

Result<TcbStatus> status_field(const text::Json& level) {
    constexpr const char* kText = "tcbStatus: expected a status that Intel defines";
    auto status = tcb_status_named(SCONE_TRY(text_field(level, "tcbStatus", kText)));
    // The relaunch statuses are conclusions of the verifier, never written by Intel.
    if (!status || *status == TcbStatus::TDRelaunchAdvised ||
        *status == TcbStatus::TDRelaunchAdvisedConfigurationNeeded)
        return malformed(kText);
    return *status;
}

Result<std::vector<std::string>> advisories_field(const text::Json& level) {
    std::vector<std::string> out;
    const text::Json* list = level.find("advisoryIDs");
    if (list == nullptr)
        return out;
    if (list->as_array() == nullptr || list->as_array()->size() > kMaxAdvisories)
        return malformed("advisoryIDs: expected a list of at most 128 texts");
    for (const text::Json& id : *list->as_array()) {
        if (id.as_string() == nullptr || id.as_string()->size() > 64)
            return malformed("advisoryIDs: expected texts of at most 64 characters");
        out.push_back(*id.as_string());
    }
    return out;
}

Result<std::vector<IsvLevel>> isv_levels_field(const text::Json& object) {
    const text::Json::Array* list = object.find_array("tcbLevels");
    if (list == nullptr || list->empty() || list->size() > kMaxTcbLevels)
        return malformed("tcbLevels: expected a list of 1 to 128 levels");
    std::vector<IsvLevel> levels;
    for (const text::Json& item : *list) {
        const text::Json* tcb = item.find("tcb");
        if (tcb == nullptr)
            return malformed("tcb: missing in a level");
        IsvLevel level;
        level.isv_svn = static_cast<uint16_t>(SCONE_TRY(
            number_field(*tcb, "isvsvn", 0xffff, "isvsvn: expected an integer from 0 to 65535")));
        level.status = SCONE_TRY(status_field(item));
        SCONE_TRY(time_field(item, "tcbDate", "tcbDate: expected a time in UTC"));
        level.advisories = SCONE_TRY(advisories_field(item));
        auto place = std::ranges::upper_bound(levels, level.isv_svn, std::ranges::greater{},
                                              &IsvLevel::isv_svn);
        levels.insert(place, std::move(level));
    }
    return levels;
}

Result<Validity> validity_fields(const text::Json& object) {
    Validity out;
    out.issue_date =
        SCONE_TRY(time_field(object, "issueDate", "issueDate: expected a time in UTC"));
    out.next_update =
        SCONE_TRY(time_field(object, "nextUpdate", "nextUpdate: expected a time in UTC"));
    out.tcb_evaluation_data_number =
        SCONE_TRY(number_field(object, "tcbEvaluationDataNumber", UINT32_MAX,
                               "tcbEvaluationDataNumber: expected an integer"));
    if (out.next_update < out.issue_date)
        return malformed("nextUpdate: lies before issueDate");
    return out;
}

std::optional<int64_t> parse_utc_time(std::string_view text) {
    if (text.size() != 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':' || text[19] != 'Z')
        return std::nullopt;
    auto year = decimal(text.substr(0, 4));
    auto month = decimal(text.substr(5, 2));
    auto day = decimal(text.substr(8, 2));
    auto hour = decimal(text.substr(11, 2));
    auto minute = decimal(text.substr(14, 2));
    auto second = decimal(text.substr(17, 2));
    if (!year || !month || !day || !hour || !minute || !second || *hour > 23 || *minute > 59 ||
        *second > 59)
        return std::nullopt;
    std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                     std::chrono::month(*month), std::chrono::day(*day)};
    if (!date.ok())
        return std::nullopt;
    int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    return days * 86400 + int64_t{*hour} * 3600 + int64_t{*minute} * 60 + *second;
}

std::string format_utc_time(int64_t time) {
    std::chrono::sys_seconds point{std::chrono::seconds(time)};
    auto days = std::chrono::floor<std::chrono::days>(point);
    std::chrono::year_month_day date(days);
    std::chrono::hh_mm_ss clock(point - days);
    char out[64];
    snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
             static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
             static_cast<int>(clock.seconds().count()));
    return out;
}

}  // namespace scone::attest
