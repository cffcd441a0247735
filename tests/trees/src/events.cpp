#include "report.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/thread.h>

void report_events()
{
#ifdef _WIN32
    require(evthread_use_windows_threads() == 0, "libevent locks");
#else
    require(evthread_use_pthreads() == 0, "libevent locks");
#endif
    event_base* base = event_base_new();
    require(base != nullptr, "an event base is made");
    evhttp* server = evhttp_new(base);
    require(server != nullptr, "an HTTP server is made");
    bool rang = false;
    const timeval at_once{0, 1};
    const auto ring = [](evutil_socket_t, short, void* heard) { *static_cast<bool*>(heard) = true; };
    require(event_base_once(base, -1, EV_TIMEOUT, ring, &rang, &at_once) == 0, "a timer is set");
    event_base_dispatch(base);
    require(rang, "a timer rings");
    evhttp_free(server);
    event_base_free(base);
    const std::string version = event_get_version();
    report("libevent", version.substr(0, version.find('-')));
}
