// Two event loops as two processes would have them, joined by a socket pair.

#include "report.h"

#include "adder.h"

#include <adder.capnp.h>
#include <adder.capnp.proxy.h>

#include <mp/proxy-io.h>

#include <future>
#include <sys/socket.h>
#include <thread>

namespace {

class LocalAdder : public Adder
{
public:
    int add(int a, int b) override { return a + b; }
};

void hear(mp::LogMessage log)
{
    require(log.level != mp::Log::Raise, log.message);
}

} // namespace

void report_processes()
{
    int ends[2];
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "there are socket pairs");
    std::thread server([&] {
        mp::EventLoop loop("server", hear);
        LocalAdder adder;
        mp::ServeStream<trees::AdderInterface>(loop, ends[0], adder);
        loop.loop();
    });
    std::promise<mp::EventLoop*> ready;
    std::thread client([&] {
        mp::EventLoop loop("client", hear);
        ready.set_value(&loop);
        loop.loop();
    });
    auto adder = mp::ConnectStream<trees::AdderInterface>(*ready.get_future().get(), ends[1]);
    require(adder->add(40, 2) == 42, "40 + 2 = 42, also from afar");
    adder.reset();
    client.join();
    server.join();
    report("libmultiprocess", "-");
}
