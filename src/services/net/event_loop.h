// The threads that a server runs on: few for connections, more for handlers that may wait (for the
// database) or compute (keys, signatures), so that neither stalls the handshakes of others.
//
// Side:    host
// Threads: all functions may be called from any thread; run() from one
#pragma once

#include <functional>
#include <memory>

namespace scone::net {

struct EventLoopOptions {
    int connection_threads = 2;
    int handler_threads = 16;
};

class EventLoop {
  public:
    explicit EventLoop(const EventLoopOptions& options = {});
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop();

    // Returns after stop(), when every handler has returned. Servers must outlive it.
    void run();
    // Connections are dropped; handlers that run are waited for.
    void stop();
    // Calls stop() when one of the signals arrives. Must stand before run(), once.
    void stop_on_signals(std::initializer_list<int> signals);
    // Runs `work` on a handler thread every period until the loop stops.
    void every(int period_ms, std::function<void()> work);

    struct Internals;  // io_context and thread pool; only the files of this room look inside
    Internals& internals() { return *internals_; }

  private:
    std::unique_ptr<Internals> internals_;
};

}  // namespace scone::net
