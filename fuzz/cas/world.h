// What the services of CAS stand on, over a store in memory, for fuzz targets.
#pragma once

#include "fuzz/cas/memory_store.h"
#include "lib/crypto/key.h"
#include "services/cas/audit_log.h"
#include "services/cas/metrics.h"
#include "services/cas/session_repository.h"
#include "services/cas/session_service.h"

namespace scone::fuzz {

struct World {
    MemoryStore store;
    cas::SessionRepository sessions{store};
    cas::AuditLog audit =
        cas::AuditLog::open("/dev/null",
                            crypto::PrivateKey::generate(crypto::NewKey::Ed25519).value(), "")
            .value();
    cas::SessionService service{sessions, audit};
    cas::Metrics metrics;
};

}  // namespace scone::fuzz
