#include "report.h"

#include <zmq.h>

#include <cstring>

void report_queues()
{
    void* context = zmq_ctx_new();
    void* one = zmq_socket(context, ZMQ_PAIR);
    void* other = zmq_socket(context, ZMQ_PAIR);
    require(zmq_bind(one, "inproc://trees") == 0 && zmq_connect(other, "inproc://trees") == 0, "two sockets meet");
    require(zmq_send(one, "word", 4, 0) == 4, "a message is sent");
    char heard[4];
    require(zmq_recv(other, heard, 4, 0) == 4 && std::memcmp(heard, "word", 4) == 0, "a message is heard");
    zmq_close(one);
    zmq_close(other);
    zmq_ctx_term(context);
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    report("zeromq", std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch));
}
