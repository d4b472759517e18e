/* A wall clock that a test moves: CLOCK_REALTIME and its kin, shifted by the seconds that a file of eight octets holds.
   The steady clocks stay as they are, as on a machine whose time somebody sets. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static volatile int64_t *moved;
static int64_t none;

static int64_t shift(void) {
    if (!moved) {
        const char *path = getenv("MOVED_CLOCK");
        int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        void *page = file < 0 ? MAP_FAILED : mmap(0, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
        moved = page == MAP_FAILED ? &none : (volatile int64_t *)page;
    }
    return *moved;
}

int clock_gettime(clockid_t which, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int wrong = real(which, now);
    if (!wrong && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
    return wrong;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec told;
    (void)zone;
    int wrong = clock_gettime(CLOCK_REALTIME, &told);
    if (!wrong) { now->tv_sec = told.tv_sec; now->tv_usec = told.tv_nsec / 1000; }
    return wrong;
}

time_t time(time_t *kept) {
    struct timespec told;
    clock_gettime(CLOCK_REALTIME, &told);
    if (kept) *kept = told.tv_sec;
    return told.tv_sec;
}
