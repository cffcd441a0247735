// Calls into every library of a prefix, and prints what was called.

#include "report.h"

#ifdef _WIN32
#include <winsock2.h>
#endif

int main()
{
#ifdef _WIN32
    WSADATA sockets;
    require(WSAStartup(MAKEWORD(2, 2), &sockets) == 0, "there are sockets");
#endif
    report_headers();
    report_arithmetic();
    report_database();
    report_events();
    report_messages();
    report_ports();
    report_queues();
    report_pictures();
#ifdef WITH_MULTIPROCESS
    report_processes();
#endif
    return 0;
}
