#include "runtime/trusted/libos/start/cas_connection.h"

#include <atomic>

#include "runtime/trusted/libos/hosted/hosted.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/start/host_stream.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos::cas_connection {
namespace {

constexpr uint64_t kExitSeconds = 2;

HostStream connection{-1};
int32_t owner;  // the process that was attested
std::atomic<bool> is_open{false};

}  // namespace

void opened(HostStream stream) {
    connection = stream;
    owner = current_process().pid;
    is_open = true;
}

void report_exit(uint64_t status, uint64_t signal) {
    if (current_process().pid != owner || !is_open.exchange(false))
        return;
    set_stream_timeout(connection, kExitSeconds);
    FixedText<1024> why;
    ExitCall call{status, signal, &why,
                  [](void* context, const char* chain) {
                      static_cast<FixedText<1024>*>(context)->append(chain);
                  },
                  false};
    run_hosted(scone_report_exit, &call);
    if (!call.done)
        log(Level::Debug, why.view());
    close_stream(connection);
}

}  // namespace scone::libos::cas_connection
