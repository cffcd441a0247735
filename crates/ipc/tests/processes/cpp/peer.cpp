// A process as C++ multiprocess nodes are: `cpp-peer -ipcfd N` serves its parent, `cpp-peer PROGRAM` spawns that program
// and calls it.

#include "process.h"

#include <cstring>

namespace {
class EchoImpl : public syscoin::ipc::Echo
{
public:
    std::string echo(const std::string& text) override
    {
        if (text == "throw") throw std::runtime_error("as asked for");
        if (text == "abort") std::abort();
        return text;
    }
};

void check(bool claim, const std::string& what)
{
    if (!claim) throw std::runtime_error("not so: " + what);
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
            EchoInit<EchoImpl> init;
            serve("cpp-peer", std::atoi(argv[2]), init);
            return 0;
        }
        if (argc == 2) return call(argv[1]);
        std::cerr << "usage: cpp-peer PROGRAM | -ipcfd DESCRIPTOR" << std::endl;
    } catch (const std::exception& error) {
        std::cerr << error.what() << std::endl;
    }
    return 1;
}
