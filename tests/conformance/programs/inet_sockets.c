// IPv4 and IPv6 over loopback, interfaces, netlink, the resolver.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}
static int listener(struct sockaddr_in* a) {
    int l = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof *a;
    *a = loopback(0);
    CHECK_EQ(bind(l, (void*)a, sizeof *a), 0);
    CHECK_EQ(listen(l, 16), 0);
    CHECK_EQ(getsockname(l, (void*)a, &size), 0);
    CHECK(size == sizeof *a && a->sin_port != 0);
    return l;
}

CASE(tcp_there_and_back) {
    struct sockaddr_in a, peer;
    socklen_t size = sizeof peer;
    int l = listener(&a), c = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    char b[8];
    CHECK_EQ(connect(c, (void*)&a, sizeof a), 0);
    int s = accept(l, (void*)&peer, &size);
    CHECK(s >= 0);
    CHECK_EQ(size, sizeof peer);
    CHECK_EQ(peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    CHECK_EQ(send(c, "ping", 4, MSG_MORE), 4);
    CHECK_EQ(send(c, "pong", 4, 0), 4);
    CHECK_EQ(recv(s, b, 8, MSG_WAITALL), 8);
    CHECK(memcmp(b, "pingpong", 8) == 0);
    CHECK_EQ(shutdown(c, SHUT_WR), 0);
    CHECK_EQ(recv(s, b, 8, 0), 0);
    struct tcp_info info;
    size = sizeof info;
    CHECK_EQ(getsockopt(c, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    CHECK(size > 100);
    close(s), close(c), close(l);
}

CASE(connect_without_blocking) {
    struct sockaddr_in a;
    int l = listener(&a), c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), e = -1;
    socklen_t size = sizeof e;
    int r = connect(c, (void*)&a, sizeof a);
    CHECK(r == 0 || errno == EINPROGRESS);
    struct pollfd p = {c, POLLOUT, 0};
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_EQ(getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &size), 0);
    CHECK_EQ(e, 0);
    close(c), close(l);
    c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(connect(c, (void*)&a, sizeof a), ECONNREFUSED);
    close(c);
}

CASE(port_sharing) {
    int a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in where = loopback(0);
    socklen_t size = sizeof where;
    CHECK_EQ(setsockopt(a, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
    CHECK_EQ(bind(a, (void*)&where, sizeof where), 0);
    CHECK_EQ(getsockname(a, (void*)&where, &size), 0);
    CHECK_EQ(listen(a, 1), 0);
    CHECK_ERRNO(bind(b, (void*)&where, sizeof where), EADDRINUSE);
    CHECK_EQ(setsockopt(b, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
    CHECK_EQ(bind(b, (void*)&where, sizeof where), 0);
    close(a), close(b);
}

CASE(udp_connected_and_not) {
    int r = socket(AF_INET, SOCK_DGRAM, 0), w = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = loopback(0), from;
    socklen_t size = sizeof a;
    char b[4];
    CHECK_EQ(bind(r, (void*)&a, sizeof a), 0);
    CHECK_EQ(getsockname(r, (void*)&a, &size), 0);
    CHECK_ERRNO(send(w, "x", 1, 0), EDESTADDRREQ);
    CHECK_EQ(sendto(w, "hello", 5, 0, (void*)&a, sizeof a), 5);
    size = sizeof from;
    CHECK_EQ(recvfrom(r, b, 4, MSG_TRUNC, (void*)&from, &size), 5);
    CHECK_EQ(size, sizeof from);
    CHECK_EQ(from.sin_family, AF_INET);
    CHECK_EQ(connect(w, (void*)&a, sizeof a), 0);
    CHECK_EQ(send(w, "", 0, 0), 0);
    CHECK_EQ(recv(r, b, 4, 0), 0);
    CHECK_EQ(send(w, "y", 1, 0), 1);
    CHECK_EQ(recv(r, b, 4, 0), 1);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    CHECK_EQ(connect(w, &none, sizeof none), 0);
    CHECK_ERRNO(send(w, "x", 1, 0), EDESTADDRREQ);
    static char large[70000];
    CHECK_ERRNO(sendto(w, large, sizeof large, 0, (void*)&a, sizeof a), EMSGSIZE);
    CHECK_EQ(sendto(w, large, 60000, 0, (void*)&a, sizeof a), 60000);
    CHECK_EQ(recv(r, large, sizeof large, 0), 60000);
    close(r), close(w);
}

CASE(packet_details_as_control_messages) {
    int r = socket(AF_INET, SOCK_DGRAM, 0), w = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
    struct sockaddr_in a = loopback(0);
    socklen_t size = sizeof a;
    CHECK_EQ(bind(r, (void*)&a, sizeof a), 0);
    CHECK_EQ(getsockname(r, (void*)&a, &size), 0);
    CHECK_EQ(setsockopt(r, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
    // The sender says by which address it goes out.
    char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0}, b[4];
    struct iovec v = {"x", 1};
    struct msghdr m = {.msg_name = &a,
                       .msg_namelen = sizeof a,
                       .msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    struct cmsghdr* c = CMSG_FIRSTHDR(&m);
    struct in_pktinfo info = {0};
    info.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK);
    c->cmsg_level = IPPROTO_IP, c->cmsg_type = IP_PKTINFO, c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    CHECK_EQ(sendmsg(w, &m, 0), 1);
    v.iov_base = b;
    m.msg_controllen = sizeof control;
    CHECK_EQ(recvmsg(r, &m, 0), 1);
    c = CMSG_FIRSTHDR(&m);
    CHECK(c != NULL && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO);
    memcpy(&info, CMSG_DATA(c), sizeof info);
    CHECK_EQ(info.ipi_addr.s_addr, htonl(INADDR_LOOPBACK));
    close(r), close(w);
}

CASE(ipv6_where_there_is_one) {
    int l = socket(AF_INET6, SOCK_STREAM, 0), on = 1;
    if (l < 0)
        return;
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t size = sizeof a;
    CHECK_EQ(setsockopt(l, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), 0);
    if (bind(l, (void*)&a, sizeof a) == 0) {
        CHECK_EQ(getsockname(l, (void*)&a, &size), 0);
        CHECK_EQ(size, sizeof a);
        CHECK_EQ(listen(l, 1), 0);
        int c = socket(AF_INET6, SOCK_STREAM, 0);
        CHECK_EQ(connect(c, (void*)&a, sizeof a), 0);
        close(c);
    }
    close(l);
}

CASE(multicast_options) {
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    unsigned char ttl = 3, got = 0;
    socklen_t size = sizeof got;
    struct in_addr interface = {htonl(INADDR_LOOPBACK)};
    CHECK_EQ(setsockopt(s, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl), 0);
    CHECK_EQ(getsockopt(s, IPPROTO_IP, IP_MULTICAST_TTL, &got, &size), 0);
    CHECK_EQ(got, 3);
    CHECK_EQ(size, 1);
    CHECK_EQ(setsockopt(s, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface), 0);
    struct ip_mreq group = {{inet_addr("239.1.2.3")}, {htonl(INADDR_LOOPBACK)}};
    CHECK_EQ(setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), 0);
    CHECK_ERRNO(setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), EADDRINUSE);
    CHECK_EQ(setsockopt(s, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group), 0);
    close(s);
}

CASE(large_options) {
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    enum { kSources = 10 };
    size_t size = sizeof(struct group_filter) + (kSources - 1) * sizeof(struct sockaddr_storage);
    struct group_filter* f = calloc(1, size);
    f->gf_interface = 1;
    struct sockaddr_in* g = (void*)&f->gf_group;
    g->sin_family = AF_INET, g->sin_addr.s_addr = inet_addr("239.1.2.3");
    f->gf_fmode = MCAST_EXCLUDE;
    f->gf_numsrc = kSources;
    // Not a member: the kernel has read all of it and says so.
    CHECK_ERRNO(setsockopt(s, IPPROTO_IP, MCAST_MSFILTER, f, (socklen_t)size), EADDRNOTAVAIL);
    free(f);
    CHECK_ERRNO(setsockopt(s, SOL_SOCKET, SO_BROADCAST, NULL, 4), EFAULT);
    CHECK_ERRNO(setsockopt(s, SOL_SOCKET, SO_BROADCAST, NULL, 0), EINVAL);
    close(s);
}

CASE(interfaces_by_ioctl) {
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq list[32], r;
    struct ifconf c = {.ifc_len = sizeof list, .ifc_req = list};
    CHECK_EQ(ioctl(s, SIOCGIFCONF, &c), 0);
    CHECK(c.ifc_len >= (int)sizeof r);
    int found = 0;
    for (int i = 0; i < c.ifc_len / (int)sizeof r; i++)
        found |= strcmp(list[i].ifr_name, "lo") == 0;
    CHECK(found);
    memset(&r, 0, sizeof r);
    strcpy(r.ifr_name, "lo");
    CHECK_EQ(ioctl(s, SIOCGIFADDR, &r), 0);
    CHECK_EQ(((struct sockaddr_in*)&r.ifr_addr)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(ioctl(s, SIOCGIFNETMASK, &r), 0);
    CHECK_EQ(ioctl(s, SIOCGIFFLAGS, &r), 0);
    CHECK(r.ifr_flags & IFF_LOOPBACK);
    CHECK_EQ(ioctl(s, SIOCGIFMTU, &r), 0);
    CHECK(r.ifr_mtu >= 1500);
    CHECK_EQ(ioctl(s, SIOCGIFINDEX, &r), 0);
    int index = r.ifr_ifindex;
    memset(&r, 0, sizeof r);
    r.ifr_ifindex = index;
    CHECK_EQ(ioctl(s, SIOCGIFNAME, &r), 0);
    CHECK(strcmp(r.ifr_name, "lo") == 0);
    CHECK_EQ(ioctl(s, SIOCGIFHWADDR, &r), 0);
    CHECK_EQ(ioctl(s, SIOCGIFTXQLEN, &r), 0);
    strcpy(r.ifr_name, "no-such-if");
    CHECK_ERRNO(ioctl(s, SIOCGIFADDR, &r), ENODEV);
    c.ifc_len = 0, c.ifc_req = NULL;
    CHECK_EQ(ioctl(s, SIOCGIFCONF, &c), 0);
    CHECK(c.ifc_len >= (int)sizeof r);
    CHECK_EQ(if_nametoindex("lo"), index);
    close(s);
}

CASE(interfaces_by_netlink) {
    struct ifaddrs *all, *at;
    int found = 0;
    CHECK_EQ(getifaddrs(&all), 0);
    for (at = all; at; at = at->ifa_next)
        found |=
            strcmp(at->ifa_name, "lo") == 0 && at->ifa_addr && at->ifa_addr->sa_family == AF_INET;
    freeifaddrs(all);
    CHECK(found);
}

CASE(names_of_the_hosts_file_and_numbers) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET}, *list;
    CHECK_EQ(getaddrinfo("localhost", "80", &hints, &list), 0);
    CHECK_EQ(((struct sockaddr_in*)list->ai_addr)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(((struct sockaddr_in*)list->ai_addr)->sin_port, htons(80));
    freeaddrinfo(list);
    hints.ai_flags = AI_NUMERICHOST;
    CHECK_EQ(getaddrinfo("127.0.0.5", NULL, &hints, &list), 0);
    freeaddrinfo(list);
    CHECK_EQ(getaddrinfo("no.number", NULL, &hints, &list), EAI_NONAME);
}

CASE(families_that_are_not_there) {
    CHECK_ERRNO(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_INET, 77, 0), EINVAL);
}

CASE(sendfile_to_a_socket) {
    struct sockaddr_in a;
    int l = listener(&a), c = socket(AF_INET, SOCK_STREAM, 0);
    static char block[100000], in[100000];
    for (unsigned i = 0; i < sizeof block; i++)
        block[i] = (char)(i * 11);
    int file = open("sendfile", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_EQ(write(file, block, sizeof block), sizeof block);
    CHECK_EQ(connect(c, (void*)&a, sizeof a), 0);
    int s = accept(l, NULL, NULL);
    pid_t child = fork();
    if (child == 0) {
        off_t at = 1000;
        if (sendfile(s, file, &at, 20000) != 20000 || at != 21000)
            _exit(1);
        lseek(file, 21000, SEEK_SET);
        if (sendfile(s, file, NULL, 200000) != 79000 || lseek(file, 0, SEEK_CUR) != 100000)
            _exit(2);
        _exit(sendfile(s, file, NULL, 10) != 0 ? 3 : 0);
    }
    CHECK_EQ(recv(c, in, 99000, MSG_WAITALL), 99000);
    CHECK(memcmp(in, block + 1000, 99000) == 0);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    close(s), close(c), close(l), close(file);
    unlink("sendfile");
}

static void* connect_later(void* argument) {
    usleep(30000);
    int c = socket(AF_INET, SOCK_STREAM, 0);
    connect(c, argument, sizeof(struct sockaddr_in));
    char b;
    (void)!read(c, &b, 1);
    close(c);
    return NULL;
}
CASE(accept_waits_for_a_thread) {
    struct sockaddr_in a;
    int l = listener(&a);
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, connect_later, &a), 0);
    int s = accept4(l, NULL, NULL, SOCK_NONBLOCK);
    CHECK(s >= 0);
    CHECK(fcntl(s, F_GETFL) & O_NONBLOCK);
    close(s);
    pthread_join(t, NULL);
    close(l);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
