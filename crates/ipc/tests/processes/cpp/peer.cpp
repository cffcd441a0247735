// A process as C++ multiprocess nodes are: `cpp-peer -ipcfd N` serves its parent, `cpp-peer PROGRAM` spawns that program
// and calls it, and `cpp-peer PROGRAM DEPTH` lets it call back. As `cpp-wallet -ipcfd N` it is one of this project's.

#include "callbacks.h"
#include "mining.h"
#include "process.h"

#include <cstring>
#include <string_view>

namespace {
class EchoImpl : public syscoin::ipc::Echo
{
public:
    std::string echo(const std::string& text) override
    {
        if (text == "throw") throw std::runtime_error("as asked for");
        if (text == "abort") std::abort();
        std::lock_guard<std::mutex> lock(blocks().mutex);
        if (text == "how many wait") return std::to_string(blocks().n_waiting);
        if (text == "how many templates") return std::to_string(blocks().n_templates);
        return text;
    }
};

class PeerInit : public EchoInit<EchoImpl>
{
public:
    std::unique_ptr<syscoin::ipc::Mining> makeMining() override { return std::make_unique<Miner>(); }
};

void serveParent(std::string_view program, int descriptor)
{
    PeerInit init;
    if (program.ends_with("cpp-wallet")) {
        WalletProcess process;
        return serveAsOurs("cpp-wallet", descriptor, init, process);
    }
    serve("cpp-peer", descriptor, init);
}

std::string failure(syscoin::ipc::Echo& echo, const std::string& text)
{
    try {
        echo.echo(text);
    } catch (const std::exception& error) {
        return error.what();
    }
    return "no exception";
}

int call(const std::string& program)
{
    Child child("cpp-peer", program);
    std::unique_ptr<syscoin::ipc::Echo> echo = child.init->makeEcho();
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

    std::unique_ptr<syscoin::ipc::Echo> second = child.init->makeEcho();
    echo.reset();
    check(second->echo("second") == "second", "objects are independent");
    second.reset();
    const int status = child.leave();
    std::cout << "exit status " << status << std::endl;
    return 0;
}
} // namespace

int main(int argc, char** argv)
{
    try {
        if (argc == 3 && std::strcmp(argv[1], "-ipcfd") == 0) {
            serveParent(argv[0], std::atoi(argv[2]));
            return 0;
        }
        if (argc == 2) return call(argv[1]);
        if (argc == 3) return callAndBeCalledBack(argv[1], std::atoi(argv[2]));
        std::cerr << "usage: cpp-peer PROGRAM [DEPTH] | -ipcfd DESCRIPTOR" << std::endl;
    } catch (const std::exception& error) {
        std::cerr << error.what() << std::endl;
    }
    return 1;
}
