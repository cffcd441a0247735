// Connects to a node's socket, lets it say something, calls one of its RPC methods, and asks for the tip of its chain.

#include <syscoin/ipc/client.h>
#include <syscoin/ipc/interfaces.h>

#include <exception>
#include <iostream>
#include <memory>
#include <optional>

namespace {
void printTip(syscoin::ipc::Mining& mining)
{
    const std::optional<syscoin::ipc::BlockRef> tip = mining.getTip();
    if (!tip) {
        std::cout << "tip: none yet" << std::endl;
        return;
    }
    std::cout << "tip: block " << tip->height << std::endl;
}
} // namespace

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " SOCKET" << std::endl;
        return 2;
    }
    try {
        syscoin::ipc::Client client("example", argv[1]);

        std::unique_ptr<syscoin::ipc::Echo> echo = client.init().makeEcho();
        std::cout << "echo: " << echo->echo("hello") << std::endl;

        std::unique_ptr<syscoin::ipc::Rpc> rpc = client.init().makeRpc();
        std::cout << "rpc: " << rpc->executeRpc(R"({"id":1,"method":"echo","params":["hello"]})", "/", "") << std::endl;

        try {
            printTip(*client.init().makeMining());
        } catch (const std::exception& error) {
            std::cout << "no tip: " << error.what() << std::endl;
        }
    } catch (const std::exception& error) {
        std::cerr << error.what() << std::endl;
        return 1;
    }
    return 0;
}
