// Asks a server over HTTP/1.1, always the same, and measures: the client of `compare.py`.
//
//     load PORT CONNECTIONS SECONDS PATH TYPE BODYFILE
//
// Every connection stays open and sends its next request when the answer to the last one is complete. It
// prints requests per second, and the 50th and 99th percentile of the time from a request to its answer, in
// milliseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { mostConnections = 256, mostAnswer = 1 << 16, mostTimes = 1 << 22 };

struct connection {
    int descriptor;
    double sent;
    size_t filled;
    char answer[mostAnswer];
};

static struct connection connections[mostConnections];
static double times[mostTimes];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "load: %s\n", what);
    exit(1);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void start(struct connection *connection, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int status = connect(connection->descriptor, (struct sockaddr *)&address, sizeof address);
    if (status != 0) fail("cannot connect");
}

static void ask(struct connection *connection, const char *request, size_t count) {
    connection->sent = now();
    connection->filled = 0;
    if (write(connection->descriptor, request, count) != (ssize_t)count) fail("cannot send a request");
}

// Whether the whole answer is there; it must be a good one.
static int take(struct connection *connection) {
    ssize_t got = read(
        connection->descriptor, connection->answer + connection->filled, mostAnswer - 1 - connection->filled);
    if (got <= 0) fail("the server closed a connection");
    connection->filled += (size_t)got;
    connection->answer[connection->filled] = 0;
    char *end = strstr(connection->answer, "\r\n\r\n");
    if (!end) return 0;
    char *length = strcasestr(connection->answer, "\r\ncontent-length:");
    if (!length || length > end) fail("an answer has no length");
    if (strncmp(connection->answer + 8, " 200", 4) != 0) fail(connection->answer);
    size_t whole = (size_t)(end + 4 - connection->answer) + strtoul(length + 17, NULL, 10);
    if (whole > mostAnswer - 1) fail("an answer is too long");
    return connection->filled >= whole;
}

int main(int count, char **words) {
    if (count != 7) fail("usage: load PORT CONNECTIONS SECONDS PATH TYPE BODYFILE");
    int port = atoi(words[1]), open = atoi(words[2]);
    double seconds = atof(words[3]);
    if (open < 1 || open > mostConnections) fail("1 to 256 connections");
    FILE *file = fopen(words[6], "rb");
    if (!file) fail("cannot read the body");
    static char request[1 << 22], body[1 << 21];
    size_t length = fread(body, 1, sizeof body, file);
    fclose(file);
    int head = snprintf(
        request, 4096,
        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
        words[4], words[5], length);
    memcpy(request + head, body, length);
    length += (size_t)head;

    struct pollfd polled[mostConnections];
    for (int i = 0; i < open; i++) {
        start(&connections[i], port);
        polled[i] = (struct pollfd){.fd = connections[i].descriptor, .events = POLLIN};
        ask(&connections[i], request, length);
    }
    size_t answers = 0;
    double begin = now(), end = begin + seconds;
    while (now() < end) {
        if (poll(polled, (nfds_t)open, 10000) <= 0) fail("no answer within 10 s");
        for (int i = 0; i < open; i++) {
            if (!polled[i].revents || !take(&connections[i])) continue;
            if (answers < mostTimes) times[answers] = now() - connections[i].sent;
            answers++;
            ask(&connections[i], request, length);
        }
    }
    double spent = now() - begin;
    size_t kept = answers < mostTimes ? answers : mostTimes;
    if (kept == 0) fail("no answer came");
    qsort(times, kept, sizeof *times, compare);
    printf("%.1f %.4f %.4f\n", (double)answers / spent, 1e3 * times[kept / 2], 1e3 * times[kept * 99 / 100]);
    return 0;
}
