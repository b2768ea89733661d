#include "lib/attest/pck_extension.h"

#include <charconv>
#include <string>

#include "lib/crypto/asn1_reader.h"

namespace scone::attest {
namespace {

using crypto::Asn1Reader;
namespace der_tag = crypto::der_tag;

constexpr size_t kMaxEntries = 32;

std::unexpected<Error> malformed(const char* text, uint64_t number = 0) {
    return error(ErrorCode::PckExtensionMalformed, text, number);
}

// Errors of the DER reader become ours.
template <class T>
Result<T> translated(crypto::Result<T> result) {
    if (!result)
        return malformed(result.error().text, result.error().number);
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
    else
        return {};
}

// One (OID, value) pair: what follows the extension's own OID and its dot, and the value.
struct Entry {
    std::string name;
    Asn1Reader::Element value;
};

Result<Entry> read_entry(Asn1Reader& list, std::string_view prefix) {
    Asn1Reader pair = SCONE_TRY(translated(list.expect_sequence()));
    Bytes oid = SCONE_TRY(translated(pair.expect(der_tag::kOid)));
    std::string text = SCONE_TRY(translated(crypto::asn1_oid_text(oid)));
    if (!text.starts_with(prefix) || text.size() <= prefix.size() + 1 || text[prefix.size()] != '.')
        return malformed("SGX extension holds a foreign object identifier");
    Asn1Reader::Element value = SCONE_TRY(translated(pair.next()));
    SCONE_TRY(translated(pair.finish()));
    return Entry{text.substr(prefix.size() + 1), value};
}

template <size_t N>
Result<ByteArray<N>> octets(const Entry& entry) {
    if (entry.value.tag != der_tag::kOctetString || entry.value.content.size() != N)
        return malformed("octet string of another size in the SGX extension",
                         entry.value.content.size());
    ByteArray<N> out;
    base::copy_bytes(out, entry.value.content);
    return out;
}

Result<uint16_t> small_number(const Entry& entry, uint64_t limit) {
    if (entry.value.tag != der_tag::kInteger && entry.value.tag != der_tag::kEnumerated)
        return malformed("expected a number in the SGX extension");
    uint64_t value = SCONE_TRY(translated(crypto::asn1_unsigned(entry.value.content)));
    if (value > limit)
        return malformed("number in the SGX extension is too large", value);
    return static_cast<uint16_t>(value);
}

Result<bool> truth(const Entry& entry) {
    if (entry.value.tag != der_tag::kBoolean)
        return malformed("expected a boolean in the SGX extension");
    return translated(crypto::asn1_boolean(entry.value.content));
}

Result<Asn1Reader> sub_list(const Entry& entry) {
    if (entry.value.tag != der_tag::kSequence)
        return malformed("expected a sequence in the SGX extension");
    return Asn1Reader(entry.value.content);
}

// All of the TCB sequence: components 1 to 16, PCESVN (17) and CPUSVN (18), each once.
Result<void> read_tcb(Asn1Reader list, PckExtension& out) {
    uint32_t seen = 0;
    while (!list.at_end()) {
        Entry entry = SCONE_TRY(read_entry(list, "1.2.840.113741.1.13.1.2"));
        unsigned index = 0;
        const char* end = entry.name.data() + entry.name.size();
        auto [stop, failure] = std::from_chars(entry.name.data(), end, index);
        if (failure != std::errc() || stop != end || index < 1 || index > 18)
            return malformed("unknown entry in the TCB of the SGX extension", index);
        if ((seen >> index & 1) != 0)
            return malformed("TCB entry stands twice in the SGX extension", index);
        seen |= 1u << index;
        if (index <= 16)
            out.tcb_components[index - 1] =
                static_cast<uint8_t>(SCONE_TRY(small_number(entry, 0xff)));
        else if (index == 17)
            out.pce_svn = SCONE_TRY(small_number(entry, 0xffff));
        else
            SCONE_TRY(octets<16>(entry));
    }
    if (seen != 0x7fffe)
        return malformed("TCB of the SGX extension is not complete", seen);
    return {};
}

Result<void> read_configuration(Asn1Reader list, PckExtension& out) {
    while (!list.at_end()) {
        Entry entry = SCONE_TRY(read_entry(list, "1.2.840.113741.1.13.1.7"));
        if (entry.name == "1")
            out.dynamic_platform = SCONE_TRY(truth(entry));
        else if (entry.name == "2")
            out.cached_keys = SCONE_TRY(truth(entry));
        else if (entry.name == "3")
            out.smt_enabled = SCONE_TRY(truth(entry));
    }
    return {};
}

}  // namespace

Result<PckExtension> parse_pck_extension(Bytes content) {
    Asn1Reader outer(content);
    Asn1Reader list = SCONE_TRY(translated(outer.expect_sequence()));
    SCONE_TRY(translated(outer.finish()));
    PckExtension out;
    uint32_t seen = 0;
    for (size_t count = 0; !list.at_end(); count++) {
        if (count == kMaxEntries)
            return malformed("too many entries in the SGX extension", count);
        Entry entry = SCONE_TRY(read_entry(list, kSgxExtensionOid));
        if (entry.name.size() != 1 || entry.name[0] < '1' || entry.name[0] > '7')
            continue;  // entries of later profiles do not concern us
        unsigned index = static_cast<unsigned>(entry.name[0] - '0');
        if ((seen >> index & 1) != 0)
            return malformed("entry stands twice in the SGX extension", index);
        seen |= 1u << index;
        switch (index) {
            case 1:
                out.ppid = SCONE_TRY(octets<16>(entry));
                break;
            case 2:
                SCONE_TRY(read_tcb(SCONE_TRY(sub_list(entry)), out));
                break;
            case 3:
                out.pce_id = SCONE_TRY(octets<2>(entry));
                break;
            case 4:
                out.fmspc = SCONE_TRY(octets<6>(entry));
                break;
            case 5:
                out.sgx_type = static_cast<uint8_t>(SCONE_TRY(small_number(entry, 2)));
                break;
            case 6:
                out.platform_instance_id = SCONE_TRY(octets<16>(entry));
                break;
            case 7:
                SCONE_TRY(read_configuration(SCONE_TRY(sub_list(entry)), out));
                break;
            default:
                break;  // 1 to 7 only, see above
        }
    }
    constexpr uint32_t kRequired = 0x3e;  // entries 1 to 5
    if ((seen & kRequired) != kRequired)
        return malformed("SGX extension lacks PPID, TCB, PCE id, FMSPC or SGX type", seen);
    return out;
}

}  // namespace scone::attest
