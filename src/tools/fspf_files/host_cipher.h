// The AES-256-GCM that suits the processor this program runs on.
//
// Side: host
#pragma once

#include "lib/aead/aes_gcm_ipsec_mb.h"

namespace scone::tools {

const aead::AesGcm256& host_cipher();

}  // namespace scone::tools
