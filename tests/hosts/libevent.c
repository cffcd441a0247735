#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/thread.h>
#include <stdio.h>
#ifdef _WIN32
#include <winsock2.h>
#endif

static void fire(evutil_socket_t socket, short what, void* context)
{
    (void)socket;
    (void)what;
    *(int*)context += 1;
}

int main(void)
{
    int n_fired = 0;
    struct timeval at_once = {0, 1000};
#ifdef _WIN32
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
    if (evthread_use_windows_threads() != 0) return 1;
#else
    if (evthread_use_pthreads() != 0) return 1;
#endif
    struct event_base* base = event_base_new();
    struct event* timer = evtimer_new(base, fire, &n_fired);
    struct evhttp* server = evhttp_new(base);
    if (!server || evtimer_add(timer, &at_once) != 0 || event_base_dispatch(base) < 0) return 1;
    printf("libevent %s: fired %d\n", event_get_version(), n_fired);
    evhttp_free(server);
    event_free(timer);
    event_base_free(base);
    return 0;
}
