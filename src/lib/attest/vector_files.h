// Test support: files of the attestation test vectors.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lib/attest/quote_verifier.h"
#include "lib/attest/signed_json.h"

namespace scone::attest::vectors {

// Empty when the variable is not set.
inline std::filesystem::path root() {
    const char* path = std::getenv("SCONE_TEST_VECTORS");
    return path == nullptr ? "" : path;
}

inline std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// One folder of collateral; absent files are empty.
struct CollateralFiles {
    std::string tcb_info, qe_identity, signing_chain, pck_crl, root_crl;

    explicit CollateralFiles(const std::filesystem::path& folder)
        : tcb_info(read(folder / "tcb_info.json")),
          qe_identity(read(folder / "qe_identity.json")),
          signing_chain(read(folder / "tcb_signing_chain.pem")),
          pck_crl(read(folder / "pck_crl.der")),
          root_crl(read(folder / "root_ca_crl.der")) {}
    Collateral view() const {
        return {tcb_info, qe_identity, signing_chain, base::as_bytes(pck_crl),
                base::as_bytes(root_crl)};
    }
};

inline text::Json read_json(const std::filesystem::path& path) {
    return text::parse_json(read(path)).value();
}

#define SCONE_NEED_VECTORS()                    \
    if (scone::attest::vectors::root().empty()) \
    GTEST_SKIP() << "SCONE_TEST_VECTORS is not set"

}  // namespace scone::attest::vectors
