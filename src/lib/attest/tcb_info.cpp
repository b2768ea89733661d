#include "lib/attest/tcb_info.h"

#include <algorithm>
#include <cstdio>

namespace scone::attest {
namespace {

using text::Json;

constexpr size_t kMaxModuleIdentities = 32;

std::unexpected<Error> malformed(const char* text, uint64_t number = 0) {
    return error(ErrorCode::CollateralMalformed, text, number);
}

// Version 2: sgxtcbcomp01svn to sgxtcbcomp16svn.
Result<ByteArray<16>> components_v2(const Json& tcb) {
    ByteArray<16> out;
    for (size_t i = 0; i < out.size(); i++) {
        char key[24];
        snprintf(key, sizeof key, "sgxtcbcomp%02zusvn", i + 1);
        out[i] = static_cast<uint8_t>(SCONE_TRY(
            number_field(tcb, key, 0xff, "sgxtcbcomp..svn: expected an integer from 0 to 255")));
    }
    return out;
}

// Version 3: a list of 16 objects with "svn".
Result<ByteArray<16>> components_v3(const Json& tcb, const char* key) {
    const Json::Array* list = tcb.find_array(key);
    ByteArray<16> out;
    if (list == nullptr || list->size() != out.size())
        return malformed("sgxtcbcomponents or tdxtcbcomponents: expected a list of 16 objects");
    for (size_t i = 0; i < out.size(); i++)
        out[i] = static_cast<uint8_t>(SCONE_TRY(
            number_field((*list)[i], "svn", 0xff, "svn: expected an integer from 0 to 255")));
    return out;
}

Result<TcbLevel> parse_level(const Json& item, uint64_t version, Tee tee) {
    const Json* tcb = item.find("tcb");
    if (tcb == nullptr)
        return malformed("tcb: missing in a level");
    TcbLevel level;
    level.sgx_components = version == 2 ? SCONE_TRY(components_v2(*tcb))
                                        : SCONE_TRY(components_v3(*tcb, "sgxtcbcomponents"));
    if (tee == Tee::Tdx)
        level.tdx_components = SCONE_TRY(components_v3(*tcb, "tdxtcbcomponents"));
    level.pce_svn = static_cast<uint16_t>(SCONE_TRY(
        number_field(*tcb, "pcesvn", 0xffff, "pcesvn: expected an integer from 0 to 65535")));
    level.status = SCONE_TRY(status_field(item));
    level.tcb_date = SCONE_TRY(time_field(item, "tcbDate", "tcbDate: expected a time in UTC"));
    level.advisories = SCONE_TRY(advisories_field(item));
    return level;
}

// The order in which levels are tried: components, then PCESVN, highest first.
bool stands_before(const TcbLevel& a, const TcbLevel& b) {
    if (a.sgx_components != b.sgx_components)
        return a.sgx_components > b.sgx_components;
    if (a.tdx_components != b.tdx_components)
        return a.tdx_components > b.tdx_components;
    return a.pce_svn > b.pce_svn;
}

Result<TdxModule> parse_module(const Json& object) {
    TdxModule module;
    module.mr_signer =
        SCONE_TRY(hex_field<48>(object, "mrsigner", "mrsigner: expected 96 hexadecimal digits"));
    module.attributes =
        SCONE_TRY(hex_field<8>(object, "attributes", "attributes: expected 16 hexadecimal digits"));
    module.attributes_mask = SCONE_TRY(
        hex_field<8>(object, "attributesMask", "attributesMask: expected 16 hexadecimal digits"));
    return module;
}

Result<uint8_t> module_version(std::string_view id) {
    unsigned version = 0;
    char rest = 0;
    std::string text(id);
    if (id.size() != 6 || sscanf(text.c_str(), "TDX_%2x%c", &version, &rest) != 1)
        return malformed("tdxModuleIdentities id: expected TDX_ and two hexadecimal digits");
    return static_cast<uint8_t>(version);
}

Result<void> parse_tdx_parts(const Json& object, TcbInfo& info) {
    const Json* module = object.find("tdxModule");
    if (module == nullptr)
        return malformed("tdxModule: missing");
    info.tdx_module = SCONE_TRY(parse_module(*module));
    const Json* identities = object.find("tdxModuleIdentities");
    if (identities == nullptr)
        return {};
    if (identities->as_array() == nullptr || identities->as_array()->size() > kMaxModuleIdentities)
        return malformed("tdxModuleIdentities: expected a list of at most 32 objects");
    for (const Json& item : *identities->as_array()) {
        TdxModuleIdentity identity;
        identity.version = SCONE_TRY(module_version(
            SCONE_TRY(text_field(item, "id", "tdxModuleIdentities id: expected a text"))));
        identity.module = SCONE_TRY(parse_module(item));
        identity.levels = SCONE_TRY(isv_levels_field(item));
        info.tdx_module_identities.push_back(std::move(identity));
    }
    return {};
}

bool reaches(const ByteArray<16>& got, const ByteArray<16>& wanted, size_t from = 0) {
    for (size_t i = from; i < got.size(); i++)
        if (got[i] < wanted[i])
            return false;
    return true;
}

bool sgx_part_reached(const TcbLevel& level, const PckExtension& pck) {
    return reaches(pck.tcb_components, level.sgx_components) && pck.pce_svn >= level.pce_svn;
}

// With a module of its own version, bytes 0 and 1 are judged by that module's identity.
size_t first_platform_component(const ByteArray<16>& tee_tcb_svn) {
    return tee_tcb_svn[1] > 0 ? 2 : 0;
}

const TdxModuleIdentity* find_identity(const TcbInfo& info, uint8_t version) {
    auto found =
        std::ranges::find(info.tdx_module_identities, version, &TdxModuleIdentity::version);
    return found == info.tdx_module_identities.end() ? nullptr : &*found;
}

}  // namespace

Result<TcbInfo> parse_tcb_info(std::string_view signed_bytes) {
    Json object = SCONE_TRY(parse_inner(signed_bytes));
    TcbInfo info;
    uint64_t version =
        SCONE_TRY(number_field(object, "version", 3, "version: expected the integer 2 or 3"));
    if (version < 2)
        return malformed("version: expected the integer 2 or 3", version);
    if (version == 3) {
        constexpr const char* kId = "id: expected SGX or TDX";
        std::string_view id = SCONE_TRY(text_field(object, "id", kId));
        if (id != "SGX" && id != "TDX")
            return malformed(kId);
        info.tee = id == "TDX" ? Tee::Tdx : Tee::Sgx;
    }
    info.validity = SCONE_TRY(validity_fields(object));
    info.fmspc = SCONE_TRY(hex_field<6>(object, "fmspc", "fmspc: expected 12 hexadecimal digits"));
    SCONE_TRY(number_field(object, "tcbType", 0, "tcbType: expected the integer 0"));
    if (info.tee == Tee::Tdx)
        SCONE_TRY(parse_tdx_parts(object, info));
    const Json::Array* levels = object.find_array("tcbLevels");
    if (levels == nullptr || levels->empty() || levels->size() > kMaxTcbLevels)
        return malformed("tcbLevels: expected a list of 1 to 128 levels");
    for (const Json& item : *levels) {
        TcbLevel level = SCONE_TRY(parse_level(item, version, info.tee));
        auto place = std::ranges::upper_bound(info.levels, level, stands_before);
        info.levels.insert(place, std::move(level));
    }
    info.pce_id = SCONE_TRY(hex_field<2>(object, "pceId", "pceId: expected 4 hexadecimal digits"));
    return info;
}

Result<const TcbLevel*> match_level(const TcbInfo& info, const PckExtension& pck,
                                    const ByteArray<16>* tee_tcb_svn) {
    for (const TcbLevel& level : info.levels) {
        if (!sgx_part_reached(level, pck))
            continue;
        if (tee_tcb_svn == nullptr ||
            reaches(*tee_tcb_svn, level.tdx_components, first_platform_component(*tee_tcb_svn)))
            return &level;
    }
    return error(ErrorCode::TcbNotSupported,
                 "platform is older than every level of its TCB info in at least one component");
}

Result<const IsvLevel*> match_tdx_module(const TcbInfo& info, const TdReport& report) {
    const TdxModule* module = &info.tdx_module;
    const TdxModuleIdentity* identity = nullptr;
    uint8_t version = report.tee_tcb_svn[1];
    if (version > 0) {
        identity = find_identity(info, version);
        if (identity == nullptr)
            return error(ErrorCode::TdxModuleMismatch,
                         "TCB info knows no TDX module of this version", version);
        module = &identity->module;
    }
    // 4.1.2.4.11.1
    if (report.mr_signer_seam != module->mr_signer)
        return error(ErrorCode::TdxModuleMismatch, "TDX module is signed by another signer");
    // 4.1.2.4.11.2
    if (report.seam_attributes != ByteArray<8>{} || report.seam_attributes != module->attributes)
        return error(ErrorCode::TdxModuleMismatch, "TDX module has attributes that are not zero");
    if (identity == nullptr)
        return nullptr;
    for (const IsvLevel& level : identity->levels)
        if (level.isv_svn <= report.tee_tcb_svn[0])
            return &level;
    return error(ErrorCode::TcbNotSupported, "TDX module is older than every level of its identity",
                 report.tee_tcb_svn[0]);
}

bool relaunch_would_help(const TcbInfo& info, const PckExtension& pck, const TdReport& report) {
    if (!report.is_version_1_5 || info.levels.empty())
        return false;
    auto sgx_level = std::ranges::find_if(
        info.levels, [&](const TcbLevel& level) { return sgx_part_reached(level, pck); });
    if (sgx_level == info.levels.end())
        return false;
    if (sgx_level->status == TcbStatus::OutOfDate ||
        sgx_level->status == TcbStatus::OutOfDateConfigurationNeeded ||
        sgx_level->status == TcbStatus::Revoked)
        return false;
    const ByteArray<16>& now = report.tee_tcb_svn_2;
    if (now[1] > 0) {
        const TdxModuleIdentity* identity = find_identity(info, now[1]);
        if (identity == nullptr || identity->levels.empty() ||
            now[0] < identity->levels.front().isv_svn)
            return false;
    }
    return reaches(now, info.levels.front().tdx_components, first_platform_component(now));
}

}  // namespace scone::attest
