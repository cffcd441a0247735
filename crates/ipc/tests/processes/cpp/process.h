// What C++ processes share: the generated code, what serves a parent, and what calls a child. One translation unit a
// program, because each would read the same large headers again.
#pragma once

#include "syscoin/ipc/schema/common.capnp.c++"
#include "syscoin/ipc/schema/common.capnp.proxy-client.c++"
#include "syscoin/ipc/schema/common.capnp.proxy-server.c++"
#include "syscoin/ipc/schema/common.capnp.proxy-types.c++"
#include "syscoin/ipc/schema/echo.capnp.c++"
#include "syscoin/ipc/schema/echo.capnp.proxy-client.c++"
#include "syscoin/ipc/schema/echo.capnp.proxy-server.c++"
#include "syscoin/ipc/schema/echo.capnp.proxy-types.c++"
#include "syscoin/ipc/schema/mining.capnp.c++"
#include "syscoin/ipc/schema/mining.capnp.proxy-client.c++"
#include "syscoin/ipc/schema/mining.capnp.proxy-server.c++"
#include "syscoin/ipc/schema/mining.capnp.proxy-types.c++"
#include "syscoin/ipc/schema/rpc.capnp.c++"
#include "syscoin/ipc/schema/rpc.capnp.proxy-client.c++"
#include "syscoin/ipc/schema/rpc.capnp.proxy-server.c++"
#include "syscoin/ipc/schema/rpc.capnp.proxy-types.c++"
#include "syscoin/ipc/schema/init.capnp.c++"
#include "syscoin/ipc/schema/init.capnp.proxy-client.c++"
#include "syscoin/ipc/schema/init.capnp.proxy-server.c++"
#include "syscoin/ipc/schema/init.capnp.proxy-types.c++"
#include "syscoin/ipc/schema/rust.capnp.c++"

#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// What a process says: everything where PEER_LOG is set. Otherwise no message is made that nobody reads, as in Core.
inline mp::LogOptions logOptions()
{
    mp::LogOptions options;
    options.log_fn = [](mp::LogMessage entry) {
        if (entry.level == mp::Log::Raise) throw std::runtime_error(entry.message);
        if (std::getenv("PEER_LOG")) std::cerr << entry.message << std::endl;
    };
    options.log_level = std::getenv("PEER_LOG") ? mp::Log::Trace : mp::Log::Info;
    return options;
}

inline void check(bool claim, const std::string& what)
{
    if (!claim) throw std::runtime_error("not so: " + what);
}

// Makes an echo of one kind, and nothing else.
template <typename EchoImpl>
class EchoInit : public syscoin::ipc::Init
{
public:
    std::unique_ptr<syscoin::ipc::Echo> makeEcho() override { return std::make_unique<EchoImpl>(); }
    std::unique_ptr<syscoin::ipc::Mining> makeMining() override { throw std::runtime_error("no mining here"); }
    std::unique_ptr<syscoin::ipc::Rpc> makeRpc() override { throw std::runtime_error("no RPC here"); }
};

// Serves the parent at the other end of the descriptor until it leaves.
inline void serve(const char* name, int descriptor, syscoin::ipc::Init& init)
{
    mp::EventLoop loop(name, logOptions());
    mp::ServeStream<syscoin::ipc::messages::Init>(loop, descriptor, init);
    loop.loop();
}

// A process that was spawned, and the thread that calls to it go through.
class Child
{
public:
    Child(const char* name, const std::string& program)
    {
        std::promise<mp::EventLoop*> started;
        m_loop_thread = std::thread([&started, name] {
            mp::EventLoop loop(name, logOptions());
            started.set_value(&loop);
            loop.loop();
        });
        mp::EventLoop& loop = *started.get_future().get();
        const int descriptor = mp::SpawnProcess(m_pid, [&](int descriptor) -> std::vector<std::string> {
            return {program, "-ipcfd", std::to_string(descriptor)};
        });
        init = mp::ConnectStream<syscoin::ipc::messages::Init>(loop, descriptor);
    }

    // Lets it go, when everything made with `init` is gone, and gives its exit status.
    int leave()
    {
        init.reset();
        const int status = mp::WaitProcess(m_pid);
        m_loop_thread.join();
        return status;
    }

    std::unique_ptr<syscoin::ipc::Init> init;

private:
    std::thread m_loop_thread;
    int m_pid{0};
};
