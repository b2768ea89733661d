// Vector registers for the runtime: they belong to the program and are saved first.
//
// Side:    trusted
// A section saves the program's vector state into the frame once per entry into the runtime; the
// way back then restores every register. Nothing is restored at the section's end, so that several
// sections of one system call cost one save.
// Threads: each thread has its own frame
#pragma once

#include "lib/aead/aes_gcm.h"
#include "lib/aead/sha256.h"

namespace scone::libos {

void enter_vector_section();

// The block function of SHA-256, the fastest kind likewise.
aead::Sha256Compress runtime_sha256();
aead::Sha256CompressTwo runtime_sha256_two();

// AES-256-GCM of the fastest kind this processor has, each call in a vector section.
const aead::AesGcm256& runtime_cipher();

}  // namespace scone::libos
