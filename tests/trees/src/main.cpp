// Calls into every library of a prefix, and prints what was called.

#include "report.h"

int main()
{
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
