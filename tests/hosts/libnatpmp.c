#include <natpmp.h>
#include <stdio.h>
#include <string.h>
#ifdef _WIN32
#include <winsock2.h>
#else
#include <arpa/inet.h>
#endif

int main(void)
{
    natpmp_t natpmp;
    struct in_addr gateway;
#ifdef _WIN32
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
#endif
    if (initnatpmp(&natpmp, 1, inet_addr("127.0.0.1")) != 0) return 1;
    memcpy(&gateway, &natpmp.gateway, sizeof(gateway));
    printf("libnatpmp: %s:%d\n", inet_ntoa(gateway), NATPMP_PORT);
    return closenatpmp(&natpmp);
}
