#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    const char* description =
        "<?xml version=\"1.0\"?><root><device><serviceList><service>"
        "<serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>"
        "<controlURL>/control</controlURL></service></serviceList></device></root>";
    struct IGDdatas data;
    memset(&data, 0, sizeof(data));
    parserootdesc(description, (int)strlen(description), &data);
    printf("miniupnpc %s: %s, %s\n", MINIUPNPC_VERSION, data.first.controlurl, strupnperror(UPNPCOMMAND_SUCCESS));
    return 0;
}
