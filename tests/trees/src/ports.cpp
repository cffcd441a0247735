#include "report.h"

#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>
#include <natpmp.h>

#include <cstring>

// No packet leaves the machine: a list of devices is made and freed, and a gateway is named and not asked.
void report_ports()
{
    UPNPUrls urls;
    IGDdatas data;
    char address[64] = {};
#if MINIUPNPC_API_VERSION >= 18
    const int found = UPNP_GetValidIGD(nullptr, &urls, &data, address, sizeof(address), nullptr, 0);
#else
    const int found = UPNP_GetValidIGD(nullptr, &urls, &data, address, sizeof(address));
#endif
    require(found == 0, "no list has no gateway");
    freeUPNPDevlist(nullptr);
    require(strupnperror(501) != nullptr, "UPnP's errors have names");
    report("miniupnpc", MINIUPNPC_VERSION);

    natpmp_t natpmp;
    require(initnatpmp(&natpmp, 1, htonl(INADDR_LOOPBACK)) == 0, "a gateway is named");
    require(closenatpmp(&natpmp) == 0, "a gateway is left");
    report("libnatpmp", "-");
}
