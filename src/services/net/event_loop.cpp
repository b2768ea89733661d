#include "services/net/event_loop.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>

#include "services/net/event_loop_internals.h"

namespace scone::net {
namespace {

namespace asio = boost::asio;

struct Repeated {
    Repeated(asio::io_context& context, int period, std::function<void()> what)
        : timer(context), period_ms(period), work(std::move(what)) {}
    asio::steady_timer timer;
    int period_ms;
    std::function<void()> work;
};

void schedule(EventLoop::Internals& loop, const std::shared_ptr<Repeated>& task) {
    task->timer.expires_after(std::chrono::milliseconds(task->period_ms));
    task->timer.async_wait([&loop, task](const boost::system::error_code& error) {
        if (error || loop.stopping)
            return;
        asio::post(loop.handlers, [&loop, task] {
            task->work();
            schedule(loop, task);
        });
    });
}

}  // namespace

EventLoop::EventLoop(const EventLoopOptions& options)
    : internals_(std::make_unique<Internals>(options)) {}

EventLoop::~EventLoop() {
    stop();
    internals_->handlers.stop();
    internals_->handlers.join();
}

void EventLoop::run() {
    auto work = asio::make_work_guard(internals_->context);
    std::vector<std::jthread> threads;
    for (int i = 1; i < internals_->options.connection_threads; ++i)
        threads.emplace_back([this] { internals_->context.run(); });
    internals_->context.run();
    threads.clear();
    internals_->handlers.stop();  // those that run finish; those that wait are dropped
    internals_->handlers.join();
}

void EventLoop::stop() {
    internals_->stopping = true;
    internals_->context.stop();
}

void EventLoop::stop_on_signals(std::initializer_list<int> signals) {
    internals_->signals = std::make_unique<asio::signal_set>(internals_->context);
    for (int signal : signals) {
        boost::system::error_code error;
        internals_->signals->add(signal, error);
    }
    internals_->signals->async_wait([this](const boost::system::error_code& error, int) {
        if (!error)
            stop();
    });
}

void EventLoop::every(int period_ms, std::function<void()> work) {
    schedule(*internals_,
             std::make_shared<Repeated>(internals_->context, period_ms, std::move(work)));
}

}  // namespace scone::net
