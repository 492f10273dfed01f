// The clients of bench.load: light, so that what is measured is the server. Loopback only.
//
//   load stream  PORT SOCKETS FRAMES TIMES PATH MARKER DEFLATE NAP_US TIMEOUT_S
//   load request PORT CONNECTIONS SECONDS PATH
//
// stream: opens the sockets (each '#' of PATH becomes the socket's number) and waits until each was told
// {"type":"ready"}; then says "connected SECONDS" and reads until each got FRAMES messages. A message is a frame with
// MARKER and 19 digits after it: CLOCK_MONOTONIC when it was made, in ns, plus 10^18. Frames that are compressed can't be
// looked into: the first is the greeting, the others are messages. It says what came, TIMES over. FRAMES 0: reads nothing more and ends with its
// standard input. NAP_US > 0: reads in rounds, so that the server is not charged with one wake-up of this process per
// frame, as it would not be by clients elsewhere; 0: reads at once, for latency.
//
// request: sends the next request as soon as the last was answered.
//
// Both end with a line of JSON.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (1 << 18)
#define EVENTS 512
#define IN_FLIGHT 32         // handshakes at a time
#define LATENCIES 8000000    // measured at most; further messages are only counted
#define DIGITS 19
#define ZERO_NS 1000000000000000000ull

typedef struct {
    int fd, upgraded, ready;
    size_t kept, room;       // bytes of a frame, or of a head, that is not yet whole
    unsigned char *rest;
    uint64_t left;           // of a response's body
} Peer;

static int port, epoll, idle;
static unsigned char buffer[2 * BUFFER];
static uint32_t latencies[LATENCIES];
static uint64_t messages, measured, skipped, deflated, closed, payload_bytes, first_ns, last_ns, answers;
static int ready_sockets;
static const char *marker;

static void die(const char *why) { fprintf(stderr, "load: %s\n", why); exit(2); }
static void die_of(const char *call) { perror(call); exit(2); }

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void dial(Peer *peer, uint32_t number)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int bytes = 4 << 20, yes = 1;
    peer->fd = socket(AF_INET, SOCK_STREAM, 0);
    // a client that is kept from its core for a moment must not look like a slow one
    if (!idle && setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes))
        setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (peer->fd < 0 || connect(peer->fd, (void *)&to, sizeof to)) die_of("connect");
    fcntl(peer->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, peer->fd, &event)) die_of("epoll_ctl");
}

static void say(Peer *peer, const char *text, size_t size)
{
    if (send(peer->fd, text, size, MSG_NOSIGNAL) != (ssize_t)size) die_of("send");
}

static void keep(Peer *peer, const unsigned char *from, size_t size)
{
    if (size > BUFFER) die("a frame or head is too large");
    if (size > peer->room) peer->rest = realloc(peer->rest, peer->room = size + 512);
    if (size) memcpy(peer->rest, from, size);
    peer->kept = size;
}

// What is there of a peer: what was kept, and what has come. 0 where it has gone, -1 where nothing is there yet.
static ssize_t take(Peer *peer)
{
    if (peer->kept) memcpy(buffer, peer->rest, peer->kept);
    ssize_t got = recv(peer->fd, buffer + peer->kept, BUFFER, 0);
    if (got < 0 && errno == EAGAIN) return -1;
    if (got <= 0) return 0;
    got += peer->kept;
    peer->kept = 0;
    return got;
}

// ---- stream

static uint64_t number_after(const unsigned char *at, const unsigned char *end, int most)
{
    uint64_t found = 0;
    for (; at < end && most-- && *at >= '0' && *at <= '9'; at++) found = found * 10 + (*at - '0');
    return found;
}

static void count(size_t size, uint64_t now)
{
    if (!messages++) first_ns = now;
    last_ns = now;
    payload_bytes += size;
}

static void take_frame(Peer *peer, int first, const unsigned char *payload, size_t size, uint64_t now)
{
    const unsigned char *end = payload + size, *at;
    if ((first & 15) == 8) { closed++; return; }
    if ((first & 15) == 9 && size <= 125) {
        unsigned char pong[6 + 125] = {0x8A, 0x80 | size};  // with a mask of zeros
        memcpy(pong + 6, payload, size);
        say(peer, (char *)pong, 6 + size);
    }
    if ((first & 15) > 2) return;
    if (first & 0x40) deflated++;
    if (!peer->ready) {
        if (first & 0x40 || memmem(payload, size, "\"type\":\"ready\"", 14)) { peer->ready = 1; ready_sockets++; }
    } else if (first & 0x40) {
        count(size, now);
    } else if ((at = memmem(payload, size, marker, strlen(marker)))) {
        at += strlen(marker);
        uint64_t late = now + ZERO_NS - number_after(at, end, DIGITS);
        count(size, now);
        if (measured < LATENCIES) latencies[measured++] = late > UINT32_MAX ? UINT32_MAX : late;
    } else if (memmem(payload, size, "\"type\":\"skipped\"", 16) && (at = memmem(payload, size, "\"count\":", 8))) {
        skipped += number_after(at + 8, end, DIGITS);
    }
}

static void take_frames(Peer *peer)
{
    ssize_t size = take(peer);
    if (size < 0) return;
    if (size == 0) { epoll_ctl(epoll, EPOLL_CTL_DEL, peer->fd, 0); closed++; return; }
    unsigned char *at = buffer, *end = buffer + size;
    uint64_t now = now_ns();
    if (!peer->upgraded) {
        unsigned char *head_end = memmem(at, size, "\r\n\r\n", 4);
        if (!head_end) { keep(peer, at, size); return; }
        if (size < 12 || memcmp(at + 9, "101", 3)) die("a socket was refused");
        peer->upgraded = 1;
        at = head_end + 4;
    }
    for (;;) {
        size_t have = end - at, head = 2, length;
        if (have < 2) break;
        length = at[1] & 127;
        if (length == 126) head = 4;
        if (length == 127) head = 10;
        if (have < head) break;
        if (head > 2) length = 0;
        for (size_t i = 2; i < head; i++) length = length << 8 | at[i];
        if (have < head + length) break;
        take_frame(peer, at[0], at + head, length, now);
        at += head + length;
    }
    keep(peer, at, end - at);
}

static void upgrade(Peer *peer, int number, const char *path, int deflate)
{
    char request[2048], own[1024];
    size_t used = 0;
    for (; *path && used < sizeof own - 16; path++)
        if (*path == '#') used += sprintf(own + used, "%d", number);
        else own[used++] = *path;
    own[used] = 0;
    say(peer, request, snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", own, port,
        deflate ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : ""));
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static double share_us(double share) { return measured ? latencies[(uint64_t)((measured - 1) * share)] / 1e3 : 0; }

static void report(uint64_t wanted)
{
    qsort(latencies, measured, sizeof *latencies, ascending);
    printf("{\"messages\": %lu, \"expected\": %lu, \"skipped\": %lu, \"closed\": %lu, \"deflated\": %lu, "
           "\"payload_bytes\": %.1f, \"seconds\": %.6f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
           messages, wanted, skipped, closed, deflated, messages ? (double)payload_bytes / messages : 0,
           (last_ns - first_ns) / 1e9, share_us(0.5), share_us(0.99));
    fflush(stdout);
    messages = measured = skipped = deflated = payload_bytes = 0;
}

static void stream(int sockets, uint64_t frames, int times, const char *path, int deflate, int nap_us, double timeout_s)
{
    Peer *peers = calloc(sockets, sizeof *peers);
    idle = !frames;
    struct epoll_event events[EVENTS];
    uint64_t began = now_ns(), ends = began + timeout_s * 1e9, wanted = frames * sockets;
    int dialled = 0;
    for (int told = 0; now_ns() < ends && closed < (uint64_t)sockets;) {
        for (; dialled < sockets && dialled - ready_sockets < IN_FLIGHT; dialled++) {
            dial(&peers[dialled], dialled);
            upgrade(&peers[dialled], dialled, path, deflate);
        }
        if (ready_sockets == sockets && !told++) {
            printf("connected %.6f\n", (now_ns() - began) / 1e9);
            fflush(stdout);
            if (!frames) {
                while (read(0, buffer, sizeof buffer) > 0) continue;
                return;
            }
        }
        if (told && messages + skipped >= wanted) {
            report(wanted);
            if (!--times) return;
            ends = now_ns() + timeout_s * 1e9;
        }
        if (told && nap_us) usleep(nap_us);
        int n = epoll_wait(epoll, events, EVENTS, 100);
        for (int i = 0; i < n; i++) take_frames(&peers[events[i].data.u32]);
    }
    if (ready_sockets < sockets) die("not every socket was served in time");
    report(wanted);
}

// ---- request

// Whether the response is whole; the connection is dialled anew where the server closes it after this one.
static int take_answer(Peer *peer, uint32_t number)
{
    ssize_t size = take(peer);
    if (size < 0) return 0;
    if (size == 0) die("the server closed in the middle of a response");
    if (!peer->left) {
        unsigned char *end = memmem(buffer, size, "\r\n\r\n", 4);
        if (!end) { keep(peer, buffer, size); return 0; }
        *end = 0;
        char *length = strcasestr((char *)buffer, "\r\ncontent-length:");
        if (!length || memcmp(buffer + 9, "200", 3)) die((char *)buffer);
        peer->upgraded = strcasestr((char *)buffer, "\r\nconnection: close") != NULL;
        peer->left = strtoull(length + 17, NULL, 10);
        size -= end + 4 - buffer;
    }
    if ((uint64_t)size > peer->left) die("more than a response");
    if ((peer->left -= size)) return 0;
    answers++;
    if (peer->upgraded) { close(peer->fd); dial(peer, number); }
    return 1;
}

static void request(int connections, double seconds, const char *path)
{
    Peer *peers = calloc(connections, sizeof *peers);
    struct epoll_event events[EVENTS];
    char text[2048];
    size_t size = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n\r\n", path, port);
    uint64_t began = now_ns(), ends = began + seconds * 1e9, given_up = ends + 10000000000ull;
    for (int i = 0; i < connections; i++) { dial(&peers[i], i); say(&peers[i], text, size); }
    int busy = connections;
    while (busy && now_ns() < given_up) {
        int n = epoll_wait(epoll, events, EVENTS, 100);
        for (int i = 0; i < n; i++) {
            uint32_t number = events[i].data.u32;
            if (!take_answer(&peers[number], number)) continue;
            if (now_ns() < ends) say(&peers[number], text, size);
            else busy--;
        }
    }
    if (busy) die("responses are missing");
    printf("{\"answers\": %lu, \"seconds\": %.6f}\n", answers, (now_ns() - began) / 1e9);
}

int main(int count, char **given)
{
    if (count < 6) die("what? see the source");
    port = atoi(given[2]);
    epoll = epoll_create1(0);
    if (!strcmp(given[1], "stream") && count == 11) {
        marker = given[7];
        stream(atoi(given[3]), strtoull(given[4], 0, 10), atoi(given[5]), given[6], atoi(given[8]), atoi(given[9]),
               atof(given[10]));
    } else if (!strcmp(given[1], "request") && count == 6) {
        request(atoi(given[3]), atof(given[4]), given[5]);
    } else die("what? see the source");
    return 0;
}
