// A process as C++ multiprocess nodes are: `cpp-peer -ipcfd N` serves its parent, `cpp-peer PROGRAM` spawns that program
// and calls it. One translation unit, because each would read the same large headers again.

#include "echo.capnp.c++"
#include "echo.capnp.proxy-client.c++"
#include "echo.capnp.proxy-server.c++"
#include "echo.capnp.proxy-types.c++"
#include "init.capnp.c++"
#include "init.capnp.proxy-client.c++"
#include "init.capnp.proxy-server.c++"
#include "init.capnp.proxy-types.c++"

#include <cstdlib>
#include <cstring>
#include <future>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {
class EchoImpl : public interfaces::Echo
{
public:
    std::string echo(const std::string& text) override
    {
        if (text == "throw") throw std::runtime_error("as asked for");
        if (text == "abort") std::abort();
        return text;
    }
};

class InitImpl : public interfaces::Init
{
public:
    std::unique_ptr<interfaces::Echo> makeEcho() override { return std::make_unique<EchoImpl>(); }
};

void log(mp::LogMessage entry)
{
    if (entry.level == mp::Log::Raise) throw std::runtime_error(entry.message);
    if (std::getenv("PEER_LOG")) std::cerr << entry.message << std::endl;
}

void check(bool claim, const std::string& what)
{
    if (!claim) throw std::runtime_error("not so: " + what);
}

std::string failure(interfaces::Echo& echo, const std::string& text)
{
    try {
        echo.echo(text);
    } catch (const std::exception& error) {
        return error.what();
    }
    return "no exception";
}

int serve(int descriptor)
{
    mp::EventLoop loop("cpp-peer", log);
    InitImpl init;
    mp::ServeStream<messages::Init>(loop, descriptor, init);
    loop.loop();
    return 0;
}

int call(const std::string& program)
{
    std::promise<mp::EventLoop*> started;
    std::thread loop_thread([&] {
        mp::EventLoop loop("cpp-peer", log);
        started.set_value(&loop);
        loop.loop();
    });
    mp::EventLoop& loop = *started.get_future().get();

    int pid;
    const int descriptor = mp::SpawnProcess(pid, [&](int descriptor) -> std::vector<std::string> {
        return {program, "-ipcfd", std::to_string(descriptor)};
    });
    std::unique_ptr<interfaces::Init> init = mp::ConnectStream<messages::Init>(loop, descriptor);
    std::unique_ptr<interfaces::Echo> echo = init->makeEcho();
    for (const std::string& text : {std::string(), std::string("₿ 😀"), std::string(1 << 20, 'x')}) {
        check(echo->echo(text) == text, "echo gives its argument back");
    }
    std::cout << failure(*echo, "fail") << std::endl;

    std::vector<std::thread> callers;
    for (int caller = 0; caller < 8; ++caller) {
        callers.emplace_back([&, caller] {
            for (int round = 0; round < 20; ++round) {
                const std::string text = std::to_string(caller * 100 + round);
                check(echo->echo(text) == text, "threads call at once");
            }
        });
    }
    for (std::thread& caller : callers) caller.join();

    std::unique_ptr<interfaces::Echo> second = init->makeEcho();
    echo.reset();
    check(second->echo("second") == "second", "objects are independent");
    second.reset();
    init.reset();
    const int status = mp::WaitProcess(pid);
    loop_thread.join();
    std::cout << "exit status " << status << std::endl;
    return 0;
}
} // namespace

int main(int argc, char** argv)
{
    try {
        if (argc == 3 && std::strcmp(argv[1], "-ipcfd") == 0) return serve(std::atoi(argv[2]));
        if (argc == 2) return call(argv[1]);
        std::cerr << "usage: cpp-peer PROGRAM | -ipcfd DESCRIPTOR" << std::endl;
    } catch (const std::exception& error) {
        std::cerr << error.what() << std::endl;
    }
    return 1;
}
