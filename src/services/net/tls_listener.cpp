// The only file that drives sockets with Asio. One coroutine for each connection, on a strand.
#include "services/net/tls_listener.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <optional>

#include "services/net/event_loop_internals.h"
#include "services/net/source_limits.h"
#include "services/net/tls_context.h"

namespace scone::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using text::ExitCode;
using text::failure;
using text::Outcome;
using TlsStream = asio::ssl::stream<tcp::socket>;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadSize = 8 * 1024;
constexpr int kShutdownTimeoutMs = 500;
constexpr int kRetryAcceptMs = 100;

double now_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// Closes the socket when a phase takes too long; every pending operation on it then fails. A timer
// that has fired already when the next phase begins, or the connection ends, does nothing.
class Deadline {
  public:
    explicit Deadline(tcp::socket& socket)
        : timer_(socket.get_executor()), shared_(std::make_shared<Shared>(&socket)) {}
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    ~Deadline() { shared_->socket = nullptr; }

    void set(int timeout_ms) {
        uint64_t phase = ++shared_->phase;
        timer_.expires_after(std::chrono::milliseconds(timeout_ms));
        timer_.async_wait([shared = shared_, phase](const error_code& error) {
            if (error || shared->socket == nullptr || shared->phase != phase)
                return;
            shared->expired = true;
            error_code ignored;
            shared->socket->close(ignored);
        });
    }
    bool expired() const { return shared_->expired; }

  private:
    struct Shared {
        explicit Shared(tcp::socket* watched) : socket(watched) {}
        tcp::socket* socket;
        uint64_t phase = 0;
        bool expired = false;
    };
    asio::steady_timer timer_;
    std::shared_ptr<Shared> shared_;
};

}  // namespace

struct Listener::State : std::enable_shared_from_this<Listener::State> {
    State(EventLoop& event_loop, const Options& options, MakeProtocol make)
        : loop(event_loop.internals()),
          limits(options.limits),
          make_protocol(std::move(make)),
          acceptor(asio::make_strand(loop.context)),
          sources({limits.connections_per_source, limits.handshakes_per_second,
                   limits.handshake_burst}) {}

    Outcome<void> open(const Endpoint& endpoint);
    asio::awaitable<void> accept_connections();
    asio::awaitable<void> serve_connection(tcp::socket socket, std::string address);
    asio::awaitable<void> serve_plain(tcp::socket socket, std::string address);
    asio::awaitable<void> serve_tls(tcp::socket socket, std::string address);
    template <class Stream>
    asio::awaitable<void> converse(Stream& stream, Deadline& deadline, Protocol& protocol);
    template <class Stream>
    asio::awaitable<bool> answer_all(Stream& stream, Deadline& deadline, Protocol& protocol);
    asio::awaitable<Served> serve_on_handler_thread(Protocol& protocol);

    EventLoop::Internals& loop;
    ListenerLimits limits;
    MakeProtocol make_protocol;
    tcp::acceptor acceptor;
    std::optional<asio::ssl::context> tls;
    SourceLimits sources;
    ListenerCounters counters;
    uint16_t port = 0;
};

Outcome<void> Listener::State::open(const Endpoint& endpoint) {
    error_code error;
    auto address = asio::ip::make_address(endpoint.host, error);
    if (error)
        return failure(ExitCode::Usage, "'" + endpoint.host + "' is not a numeric address",
                       "listening on " + endpoint.text(), "use 0.0.0.0 or 127.0.0.1");
    acceptor.open(tcp::endpoint(address, endpoint.port).protocol(), error);
    if (!error)
        acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error)
        acceptor.bind(tcp::endpoint(address, endpoint.port), error);
    if (!error)
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error == asio::error::address_in_use)
        return failure(
            ExitCode::Conflict, "port " + std::to_string(endpoint.port) + " is already in use",
            "listening on " + endpoint.text(), "stop the other server, or choose a port");
    if (error)
        return failure(ExitCode::Failed, error.message(), "listening on " + endpoint.text());
    port = acceptor.local_endpoint(error).port();
    return {};
}

asio::awaitable<void> Listener::State::accept_connections() {
    auto self = shared_from_this();
    for (;;) {
        auto [error, socket] =
            co_await acceptor.async_accept(asio::make_strand(loop.context), kAwait);
        if (loop.stopping || error == asio::error::operation_aborted)
            co_return;
        if (error) {  // descriptors or memory are short: wait for connections to end
            asio::steady_timer pause(acceptor.get_executor());
            pause.expires_after(std::chrono::milliseconds(kRetryAcceptMs));
            co_await pause.async_wait(kAwait);
            continue;
        }
        error_code ignored;
        std::string address = socket.remote_endpoint(ignored).address().to_string();
        ++counters.accepted;
        if (counters.open >= limits.connections ||
            !sources.admit(source_of_address(address), now_seconds())) {
            ++counters.refused_by_limit;
            continue;  // the socket closes here
        }
        ++counters.open;
        auto executor = socket.get_executor();
        asio::co_spawn(executor, serve_connection(std::move(socket), std::move(address)),
                       asio::detached);
    }
}

asio::awaitable<void> Listener::State::serve_connection(tcp::socket socket, std::string address) {
    auto self = shared_from_this();
    std::string source = source_of_address(address);
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    try {
        if (tls)
            co_await serve_tls(std::move(socket), std::move(address));
        else
            co_await serve_plain(std::move(socket), std::move(address));
    } catch (const std::exception&) {
        // Asio reports want of memory so. Only this connection ends.
    }
    sources.release(source);
    --counters.open;
}

asio::awaitable<void> Listener::State::serve_plain(tcp::socket socket, std::string address) {
    Deadline deadline(socket);
    auto protocol = make_protocol(Peer{std::move(address), std::nullopt});
    co_await converse(socket, deadline, *protocol);
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
}

asio::awaitable<void> Listener::State::serve_tls(tcp::socket socket, std::string address) {
    TlsStream stream(std::move(socket), *tls);
    Deadline deadline(stream.next_layer());
    deadline.set(limits.handshake_timeout_ms);
    auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAwait);
    if (error) {
        ++counters.failed_handshakes;
        co_return;
    }
    Peer peer{std::move(address), std::nullopt};
    crypto::X509Handle certificate(SSL_get1_peer_certificate(stream.native_handle()));
    if (certificate) {
        auto parsed = crypto::Certificate::from_native(certificate.get());
        if (!parsed) {
            ++counters.failed_handshakes;
            co_return;
        }
        peer.certificate = std::move(*parsed);
    }
    auto protocol = make_protocol(std::move(peer));
    co_await converse(stream, deadline, *protocol);
    if (!deadline.expired()) {
        deadline.set(kShutdownTimeoutMs);
        co_await stream.async_shutdown(kAwait);
    }
}

template <class Stream>
asio::awaitable<void> Listener::State::converse(Stream& stream, Deadline& deadline,
                                                Protocol& protocol) {
    std::array<uint8_t, kReadSize> buffer;
    bool was_mid_message = false;
    deadline.set(limits.idle_timeout_ms);
    for (;;) {
        auto [error, count] = co_await stream.async_read_some(asio::buffer(buffer), kAwait);
        if (error) {
            if (deadline.expired())
                ++counters.timeouts;
            co_return;
        }
        if (!was_mid_message)
            deadline.set(limits.message_timeout_ms);
        Fed fed = protocol.feed(base::Bytes(buffer.data(), count));
        if (!fed.bytes.empty()) {
            auto [write_error, written] =
                co_await asio::async_write(stream, asio::buffer(fed.bytes), kAwait);
            if (write_error)
                co_return;
        }
        if (fed.need == Need::Close)
            co_return;
        if (fed.need == Need::Serve) {
            bool keep_open = co_await answer_all(stream, deadline, protocol);
            if (!keep_open)
                co_return;
            deadline.set(protocol.mid_message() ? limits.message_timeout_ms
                                                : limits.idle_timeout_ms);
        }
        was_mid_message = protocol.mid_message();
    }
}

// Serves the message that is whole, and those that came right behind it.
template <class Stream>
asio::awaitable<bool> Listener::State::answer_all(Stream& stream, Deadline& deadline,
                                                  Protocol& protocol) {
    for (;;) {
        Served served = co_await serve_on_handler_thread(protocol);
        deadline.set(limits.message_timeout_ms);
        if (!served.bytes.empty()) {
            auto [error, written] =
                co_await asio::async_write(stream, asio::buffer(served.bytes), kAwait);
            base::wipe(served.bytes.data(), served.bytes.size());
            if (error)
                co_return false;
        }
        if (!served.keep_open)
            co_return false;
        Fed next = protocol.feed({});
        if (!next.bytes.empty()) {
            auto [error, written] =
                co_await asio::async_write(stream, asio::buffer(next.bytes), kAwait);
            if (error)
                co_return false;
        }
        if (next.need == Need::Close)
            co_return false;
        if (next.need == Need::More)
            co_return true;
    }
}

asio::awaitable<Served> Listener::State::serve_on_handler_thread(Protocol& protocol) {
    auto work = [&protocol]() -> asio::awaitable<Served> { co_return protocol.serve(); };
    co_return co_await asio::co_spawn(loop.handlers, work, asio::use_awaitable);
}

Outcome<Listener> Listener::start(EventLoop& loop, const Options& options,
                                  MakeProtocol make_protocol) {
    auto state = std::make_shared<State>(loop, options, std::move(make_protocol));
    if (options.tls != nullptr) {
        SslContext context = SCONE_TRY(make_server_context());
        SCONE_TRY(use_identity(context.get(), options.tls->chain_pem,
                               options.tls->key_pem.expose_text()));
        accept_any_client_certificate(
            context.get(), options.tls->client_certificate == ClientCertificate::Required);
        state->tls.emplace(context.release());  // Asio's context owns it now
        // Asio installs no callbacks unless asked; ours stay.
    }
    SCONE_TRY(state->open(options.endpoint));
    asio::co_spawn(state->acceptor.get_executor(), state->accept_connections(), asio::detached);
    return Listener(std::move(state));
}

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}
Listener::Listener(Listener&&) noexcept = default;
Listener::~Listener() = default;
uint16_t Listener::port() const {
    return state_->port;
}
const ListenerCounters& Listener::counters() const {
    return state_->counters;
}

}  // namespace scone::net
