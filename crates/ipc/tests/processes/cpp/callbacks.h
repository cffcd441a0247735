// Calls back, and being called back, while a call is under way, as the wallet's process would: always on the thread that
// waits.
#pragma once

#include "process.h"
#include "wallets.h"

#include "syscoin/ipc/schema/wallets.capnp.c++"
#include "syscoin/ipc/schema/wallets.capnp.proxy-client.c++"
#include "syscoin/ipc/schema/wallets.capnp.proxy-server.c++"
#include "syscoin/ipc/schema/wallets.capnp.proxy-types.c++"

#include <optional>

// Tells each listener of a wallet before it answers. The listener may add another one meanwhile.
class TellingLoader : public WalletLoader
{
public:
    std::unique_ptr<Handler> handleLoadWallet(std::unique_ptr<LoadWalletListener> listener) override
    {
        static thread_local int n_here{0};
        check(++n_here == ++m_n_under_way, "what is called from within a call back runs on the thread that waits");
        listener->walletLoaded(std::make_unique<Wallet>());
        --n_here;
        --m_n_under_way;
        return std::make_unique<Handler>();
    }

private:
    int m_n_under_way{0};
};

class WalletProcess : public Process
{
public:
    std::unique_ptr<WalletLoader> makeWalletLoader(std::unique_ptr<Chain>) override
    {
        return std::make_unique<TellingLoader>();
    }
};

// One object with the methods of both interfaces: what is Process here extends Init in truth.
class Root final : public capnp::Capability::Server
{
public:
    Root(capnp::Capability::Client init, capnp::Capability::Client process)
        : m_init(kj::mv(init)), m_process(kj::mv(process)) {}

    DispatchCallResult dispatchCall(uint64_t interface_id, uint16_t method_id,
        capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> context) override
    {
        const bool is_init{interface_id == capnp::typeId<syscoin::ipc::messages::Init>()};
        auto request = (is_init ? m_init : m_process)
                           .typelessRequest(interface_id, method_id, context.getParams().targetSize(), {});
        request.set(context.getParams());
        context.releaseParams();
        return {context.tailCall(kj::mv(request)), false, true};
    }

private:
    capnp::Capability::Client m_init;
    capnp::Capability::Client m_process;
};

// Serves the parent as a process of this project does.
inline void serveAsOurs(const char* name, int descriptor, syscoin::ipc::Init& init, Process& process)
{
    using namespace syscoin::ipc;
    mp::EventLoop loop(name, logOptions());
    auto stream = loop.m_io_context.lowLevelProvider->wrapSocketFd(
        descriptor, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP);
    loop.m_incoming_connections.emplace_front(loop, kj::mv(stream), [&](mp::Connection& connection) {
        const auto keep = [](auto*) {};
        messages::Init::Client init_client(kj::heap<mp::ProxyServer<messages::Init>>(
            std::shared_ptr<Init>(&init, keep), connection));
        messages::Process::Client process_client(kj::heap<mp::ProxyServer<messages::Process>>(
            std::shared_ptr<Process>(&process, keep), connection));
        return capnp::Capability::Client(kj::heap<Root>(kj::mv(init_client), kj::mv(process_client)));
    });
    const auto connection = loop.m_incoming_connections.begin();
    connection->onDisconnect([&loop, connection] { loop.m_incoming_connections.erase(connection); });
    loop.loop();
}

// What objects have in common that the other process calls while this one calls it.
class CalledBack
{
public:
    explicit CalledBack(syscoin::ipc::Echo& echo) : m_echo(echo), m_answer(answer()) {}

    // What every call back does.
    void heard()
    {
        check(std::this_thread::get_id() == m_waiting, "calls back run on the thread that waits");
        ++n_calls;
        check(answer() == m_answer, "what is called from within a call back is answered");
    }

    WalletLoader* loader{nullptr};
    int n_calls{0};

private:
    // The other process may answer with an error, but with the same one each time.
    std::string answer()
    {
        try {
            return m_echo.echo("from within");
        } catch (const std::exception& error) {
            return error.what();
        }
    }

    syscoin::ipc::Echo& m_echo;
    const std::string m_answer;
    const std::thread::id m_waiting{std::this_thread::get_id()};
};

class HighChain : public Chain
{
public:
    explicit HighChain(CalledBack& called_back) : m_called_back(called_back) {}

    std::optional<uint32_t> getHeight() override
    {
        m_called_back.heard();
        return 800'000;
    }

private:
    CalledBack& m_called_back;
};

// Adds another listener from within each call, until there are enough.
class GrowingListener : public LoadWalletListener
{
public:
    GrowingListener(CalledBack& called_back, int n_more) : m_called_back(called_back), m_n_more(n_more) {}

    void walletLoaded(std::unique_ptr<Wallet>) override
    {
        m_called_back.heard();
        if (m_n_more > 0) listen(m_called_back, m_n_more - 1);
    }

    // The other process may refuse; that it calls back before is what counts.
    static void listen(CalledBack& called_back, int n_more)
    {
        try {
            called_back.loader->handleLoadWallet(std::make_unique<GrowingListener>(called_back, n_more));
        } catch (const std::exception& error) {
            std::cerr << error.what() << std::endl;
        }
    }

private:
    CalledBack& m_called_back;
    const int m_n_more;
};

// Calls a process of this project, which calls back, and says how often it did.
inline int callAndBeCalledBack(const std::string& program, int depth)
{
    using namespace syscoin::ipc;
    Child child("cpp-peer", program);
    {
        std::unique_ptr<Echo> echo = child.init->makeEcho();
        auto& init = static_cast<mp::ProxyClient<messages::Init>&>(*child.init);
        std::optional<mp::ProxyClient<messages::Process>> process;
        init.m_context.loop->sync([&] {
            process.emplace(init.m_client.castAs<messages::Process>(), init.m_context.connection, false);
        });
        CalledBack called_back(*echo);
        std::unique_ptr<WalletLoader> loader = process->makeWalletLoader(std::make_unique<HighChain>(called_back));
        check(called_back.n_calls > 0, "the chain is asked while the wallets are made");
        called_back.loader = loader.get();
        called_back.n_calls = 0;
        GrowingListener::listen(called_back, depth);
        std::cout << "called back " << called_back.n_calls << " times" << std::endl;
    }
    std::cout << "exit status " << child.leave() << std::endl;
    return 0;
}
