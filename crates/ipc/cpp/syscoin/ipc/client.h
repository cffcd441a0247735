// A connection to a node that listens with -ipcbind=unix.
#pragma once

#include <syscoin/ipc/interfaces.h>

#include <syscoin/ipc/schema/init.capnp.h>
#include <syscoin/ipc/schema/init.capnp.proxy.h>

#include <mp/proxy-io.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace syscoin::ipc {
// A connection, and the thread that serves it. Any thread may call the objects that it gives; all of them must be
// destroyed before it is.
class Client
{
public:
    // Connects to the socket at a path. The name stands in the node's log. Throws std::system_error when nobody listens
    // there.
    Client(const char* name, const std::string& path)
    {
        const int descriptor = connectTo(path);
        std::promise<mp::EventLoop*> started;
        m_thread = std::thread([&started, name = std::string(name)] {
            mp::LogOptions options;
            options.log_level = mp::Log::Warning;
            options.log_fn = [](mp::LogMessage message) {
                if (message.level == mp::Log::Raise) throw std::runtime_error(message.message);
            };
            mp::EventLoop loop(name.c_str(), options);
            started.set_value(&loop);
            loop.loop();
        });
        try {
            m_init = mp::ConnectStream<messages::Init>(*started.get_future().get(), descriptor);
        } catch (...) {
            m_thread.join();
            throw;
        }
    }

    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    ~Client()
    {
        m_init.reset();
        m_thread.join();
    }

    Init& init() { return *m_init; }

private:
    static int connectTo(const std::string& path)
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.size() >= sizeof(address.sun_path)) {
            throw std::system_error(ENAMETOOLONG, std::generic_category(), path);
        }
        std::memcpy(address.sun_path, path.c_str(), path.size());
        const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
        if (descriptor < 0) throw std::system_error(errno, std::generic_category(), path);
        if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
            const int reason = errno;
            ::close(descriptor);
            throw std::system_error(reason, std::generic_category(), path);
        }
        return descriptor;
    }

    std::thread m_thread;
    std::unique_ptr<Init> m_init;
};
} // namespace syscoin::ipc
