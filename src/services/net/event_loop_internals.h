// What an EventLoop is made of. Included only by the two files that speak Asio.
//
// Side: host
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <vector>

#include "services/net/event_loop.h"

namespace scone::net {

struct EventLoop::Internals {
    explicit Internals(const EventLoopOptions& wanted)
        : options(wanted),
          context(wanted.connection_threads),
          handlers(static_cast<size_t>(wanted.handler_threads)) {}

    EventLoopOptions options;
    boost::asio::io_context context;
    boost::asio::thread_pool handlers;
    std::unique_ptr<boost::asio::signal_set> signals;
    std::atomic<bool> stopping = false;
};

}  // namespace scone::net
