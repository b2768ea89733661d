#include "tools/oci/docker_engine.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace scone::oci {
namespace {

constexpr size_t kMaxAnswer = 1 << 20;

struct FreeCurl {
    void operator()(CURL* c) const { curl_easy_cleanup(c); }
};
using CurlHandle = std::unique_ptr<CURL, FreeCurl>;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

struct Daemon {
    std::string socket;  // path of a unix socket, or empty
    std::string base;    // "http://host:port"
    std::string certificates;
    std::string named;  // for messages
};

Outcome<Daemon> find_daemon() {
    Daemon out;
    out.named = variable("DOCKER_HOST");
    if (out.named.empty())
        out.named = "unix:///var/run/docker.sock";
    if (out.named.starts_with("unix://")) {
        out.socket = out.named.substr(7);
        out.base = "http://docker";
        return out;
    }
    if (!out.named.starts_with("tcp://"))
        return failure(ExitCode::Unsupported,
                       fmt::format("DOCKER_HOST '{}' is not supported", out.named), {},
                       "unix:///var/run/docker.sock or tcp://host:port");
    const bool tls = !variable("DOCKER_TLS_VERIFY").empty();
    out.base = (tls ? "https://" : "http://") + out.named.substr(6);
    if (tls) {
        out.certificates = variable("DOCKER_CERT_PATH");
        if (out.certificates.empty())
            out.certificates = variable("HOME") + "/.docker";
    }
    return out;
}

CurlHandle new_request(const Daemon& daemon, const std::string& path) {
    CurlHandle handle(curl_easy_init());
    CURL* const c = handle.get();
    curl_easy_setopt(c, CURLOPT_URL, (daemon.base + "/v1.40" + path).c_str());
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 512L * 1024L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    if (!daemon.socket.empty())
        curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, daemon.socket.c_str());
    if (!daemon.certificates.empty()) {
        curl_easy_setopt(c, CURLOPT_CAINFO, (daemon.certificates + "/ca.pem").c_str());
        curl_easy_setopt(c, CURLOPT_SSLCERT, (daemon.certificates + "/cert.pem").c_str());
        curl_easy_setopt(c, CURLOPT_SSLKEY, (daemon.certificates + "/key.pem").c_str());
    }
    return handle;
}

text::Failure connection_failure(const Daemon& daemon, CURLcode code) {
    // The socket is there but this user may not use it: Docker's most frequent trouble.
    if (!daemon.socket.empty() && ::access(daemon.socket.c_str(), F_OK) == 0 &&
        ::access(daemon.socket.c_str(), W_OK) != 0)
        return {ExitCode::Denied,
                fmt::format("no permission to use the Docker daemon at {}", daemon.named),
                {},
                "run as root or as a member of the group docker"};
    return {ExitCode::Unreachable,
            fmt::format("no Docker daemon at {}: {}", daemon.named, curl_easy_strerror(code)),
            {},
            "start it, set DOCKER_HOST, or use an image folder or file: oci:FOLDER, "
            "docker-archive:FILE"};
}

// The daemon's answer when it is not 200: {"message": "..."}.
text::Failure answer_failure(long status, const std::string& body, const std::string& reference) {
    const auto json = parse_json_object(body, "the daemon's answer");
    const std::string message =
        json ? get_text(*json, "message").value_or("") : body.substr(0, 200);
    if (status == 404)
        return {
            ExitCode::NotFound,
            fmt::format("no image '{}' in the Docker daemon", reference),
            {},
            fmt::format("docker pull {}, or give an image folder: --from=oci:FOLDER", reference)};
    return {ExitCode::Failed,
            fmt::format("the Docker daemon answered {}: {}", status, message),
            {},
            {}};
}

Outcome<std::pair<FileHandle, FileHandle>> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return failure(ExitCode::Failed, fmt::format("no pipe: {}", std::strerror(errno)));
    ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);  // fewer switches between the threads
    return std::pair(FileHandle(ends[0]), FileHandle(ends[1]));
}

// A pipe whose reader has gone gives EPIPE instead of a signal in this thread.
void block_sigpipe() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

struct Download {
    CURL* handle;
    int pipe;
    std::string error_body = {};
    bool reader_gone = false;

    static size_t take(char* data, size_t, size_t size, void* self) {
        // SAFETY: curl hands back the pointer that was given with this callback.
        auto& d = *static_cast<Download*>(self);
        long status = 0;
        curl_easy_getinfo(d.handle, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200) {
            if (d.error_body.size() + size <= kMaxAnswer)
                d.error_body.append(data, size);
            return size;
        }
        d.reader_gone = !write_fully(d.pipe, base::as_bytes({data, size}), "pipe");
        return d.reader_gone ? 0 : size;
    }
};

struct Upload {
    int pipe;
    std::string answer = {};

    static size_t give(char* out, size_t, size_t size, void* self) {
        auto& u = *static_cast<Upload*>(self);  // SAFETY: as in Download::take
        while (true) {
            const ssize_t count = ::read(u.pipe, out, size);
            if (count >= 0)
                return static_cast<size_t>(count);
            if (errno != EINTR)
                return CURL_READFUNC_ABORT;
        }
    }
    static size_t take(char* data, size_t, size_t size, void* self) {
        auto& u = *static_cast<Upload*>(self);  // SAFETY: as in Download::take
        if (u.answer.size() + size <= kMaxAnswer)
            u.answer.append(data, size);
        return size;
    }
};

// The answer of ImageLoad is a stream of objects; one of them may be {"error": "..."}.
std::string error_in_stream(std::string_view answer) {
    while (!answer.empty()) {
        const size_t end = answer.find('\n');
        const auto json = parse_json_object(answer.substr(0, end), "the daemon's answer");
        if (json)
            if (const auto error = get_text(*json, "error"); error && !error->empty())
                return *error;
        answer = end == std::string_view::npos ? "" : answer.substr(end + 1);
    }
    return "";
}

}  // namespace

Outcome<ImageSource> open_from_daemon(const std::string& reference) {
    const Daemon daemon = SCONE_TRY(find_daemon());
    auto [reading, writing] = SCONE_TRY(make_pipe());
    const CurlHandle request = new_request(daemon, fmt::format("/images/{}/get", reference));
    Download download{request.get(), writing.get()};
    curl_easy_setopt(request.get(), CURLOPT_WRITEFUNCTION, Download::take);
    curl_easy_setopt(request.get(), CURLOPT_WRITEDATA, &download);
    CURLcode code = CURLE_OK;
    std::thread receiver([&] {
        block_sigpipe();
        code = curl_easy_perform(request.get());
        writing.close();
    });
    Outcome<ImageSource> source = [&] {
        FileSource pipe(std::move(reading), reference);
        return open_docker_archive(pipe, with_tag(reference), reference);
    }();
    receiver.join();
    long status = 0;
    curl_easy_getinfo(request.get(), CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK && !download.reader_gone)
        return std::unexpected(connection_failure(daemon, code));
    if (status != 200 && !download.reader_gone)
        return std::unexpected(answer_failure(status, download.error_body, reference));
    return source;
}

Outcome<void> load_into_daemon(const std::function<Outcome<void>(ByteSink&)>& write) {
    const Daemon daemon = SCONE_TRY(find_daemon());
    auto [reading, writing] = SCONE_TRY(make_pipe());
    const CurlHandle request = new_request(daemon, "/images/load?quiet=1");
    CURL* const c = request.get();
    Upload upload{reading.get()};
    curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/x-tar");
    headers = curl_slist_append(headers, "Transfer-Encoding: chunked");
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, Upload::give);
    curl_easy_setopt(c, CURLOPT_READDATA, &upload);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, Upload::take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &upload);
    Outcome<void> written = {};
    std::thread sender([&, end = std::move(writing)]() mutable {
        block_sigpipe();
        FileSink sink(std::move(end), "the Docker daemon");
        written = write(sink);
    });
    const CURLcode code = curl_easy_perform(c);
    reading.close();  // ends a sender that still writes
    sender.join();
    curl_slist_free_all(headers);
    long status = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        return std::unexpected(connection_failure(daemon, code));
    if (status != 200)
        return std::unexpected(answer_failure(status, upload.answer, "load"));
    if (const std::string error = error_in_stream(upload.answer); !error.empty())
        return failure(ExitCode::Failed,
                       fmt::format("the Docker daemon refused the image: {}", error));
    return written;
}

}  // namespace scone::oci
