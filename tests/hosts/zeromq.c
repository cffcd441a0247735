#include <stdio.h>
#include <string.h>
#include <zmq.h>

int main(void)
{
    void* context = zmq_ctx_new();
    void* pull = zmq_socket(context, ZMQ_PULL);
    void* push = zmq_socket(context, ZMQ_PUSH);
    char text[6] = "";
    int major, minor, patch;
    if (zmq_bind(pull, "inproc://here") != 0 || zmq_connect(push, "inproc://here") != 0) return 1;
    if (zmq_send(push, "hello", 5, 0) != 5 || zmq_recv(pull, text, 5, 0) != 5) return 1;
    zmq_version(&major, &minor, &patch);
    printf("zeromq %d.%d.%d: %s\n", major, minor, patch, text);
    return zmq_close(push) + zmq_close(pull) + zmq_ctx_term(context);
}
