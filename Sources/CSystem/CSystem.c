#define _GNU_SOURCE
#include "CSystem.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <crt_externs.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

void csystem_lower_priority(void) {
#if defined(__linux__)
    // Linux counts a nice value for each thread; elsewhere it is the process's.
    setpriority(PRIO_PROCESS, 0, 19);
#endif
}

void csystem_name_thread(const char *name) {
#if defined(__APPLE__)
    pthread_setname_np(name);
#else
    char kept[16];
    size_t i = 0;
    for (; i < 15 && name[i]; i++) kept[i] = name[i];
    kept[i] = 0;
    pthread_setname_np(pthread_self(), kept);
#endif
}

void csystem_set_floating_point_mode(void) {
#if defined(__x86_64__)
    _mm_setcsr(0x9fc0);  // all exceptions masked, round to nearest, flush to zero, denormals are zero
#elif defined(__aarch64__)
    uint64_t mode = (uint64_t)1 << 24;  // FZ
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#endif
}

char *const *csystem_environment(void) {
#if defined(__APPLE__)
    return *_NSGetEnviron();
#else
    return environ;
#endif
}

int csystem_pipe(int ends[2]) {
#if defined(__APPLE__)
    if (pipe(ends) != 0) return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#else
    return pipe2(ends, O_CLOEXEC);
#endif
}

int csystem_accept(int listener, void *address, unsigned *length) {
    socklen_t count = *length;
#if defined(__linux__)
    int descriptor = accept4(listener, address, &count, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
    int descriptor = accept(listener, address, &count);
    if (descriptor >= 0) {
        fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    }
#endif
    *length = count;
    return descriptor;
}

int csystem_lock_exclusively(int descriptor, int wait) {
    int result;
    do {
        result = flock(descriptor, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    return result;
}

// It is atomic because another thread may set it while a signal arrives.
static _Atomic int signal_descriptor = -1;

static void write_signal(int signal) {
    int kept = errno;
    unsigned char byte = (unsigned char)signal;
    ssize_t written = write(signal_descriptor, &byte, 1);  // a full pipe already holds enough signals
    (void)written;
    errno = kept;
}

int csystem_signal_to_descriptor(int signal, int descriptor) {
    struct sigaction action = {0};
    action.sa_handler = write_signal;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    signal_descriptor = descriptor;
    return sigaction(signal, &action, 0);
}

static char crash_sentence[512];

static void explain_crash(int signal) {
    (void)signal;
    ssize_t ignored = write(2, crash_sentence, strlen(crash_sentence));
    (void)ignored;
    _exit(1);
}

void csystem_explain_crashes(const char *sentence) {
    strncpy(crash_sentence, sentence, sizeof crash_sentence - 1);
    const int signals[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT};
    struct sigaction action = {0};
    action.sa_handler = explain_crash;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) sigaction(signals[i], &action, 0);
}

int csystem_is_ignored(int signal) {
    struct sigaction action;
    return sigaction(signal, 0, &action) == 0 && action.sa_handler == SIG_IGN;
}

// A program may be started without standard input, output or error (`<&- >&- 2>&-`). A file or socket that is
// opened then would get such a number, and what is meant for the terminal would be written into it. This runs
// before anything is opened.
__attribute__((constructor(102))) static void open_standard_descriptors(void) {
    for (int number = 0; number <= 2; number++) {
        if (fcntl(number, F_GETFD) != -1 || errno != EBADF) continue;
        int opened = open("/dev/null", O_RDWR);
        if (opened >= 0 && opened != number) close(opened);
    }
}

int csystem_spawn_close_from(void *file_actions, int first) {
#if defined(__APPLE__)
    (void)file_actions;
    (void)first;
    return 0;  // POSIX_SPAWN_CLOEXEC_DEFAULT does it there
#else
    return posix_spawn_file_actions_addclosefrom_np(file_actions, first);
#endif
}

int csystem_wait_for_ended_child(void) {
    siginfo_t child;
    int result;
    do {
        result = waitid(P_ALL, 0, &child, WEXITED | WNOWAIT);
    } while (result != 0 && errno == EINTR);
    return result == 0 ? (int)child.si_pid : -1;
}

int csystem_exchange_names(const char *first, const char *second) {
#if defined(__APPLE__)
    return renamex_np(first, second, RENAME_SWAP);
#else
    return renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
#endif
}

int csystem_available_cores(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

int csystem_has_avx512(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512cd");
#else
    return 0;
#endif
}

#if defined(__x86_64__)
// The program is compiled for processors with AVX2 and FMA. This function runs before anything else and is
// compiled for any x86-64, so that an older processor gets a sentence instead of an illegal instruction.
__attribute__((constructor(101), target("arch=x86-64"))) static void require_avx2(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return;
    static const char sentence[] =
        "dist-train: this processor has no AVX2 and FMA, which the program is compiled for; "
        "use a machine with a processor from 2013 or later\n";
    ssize_t ignored = write(2, sentence, sizeof sentence - 1);
    (void)ignored;
    _exit(1);
}
#endif
