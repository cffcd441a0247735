// The blocking cases in C++: `cpp-calls call|threads|megabyte SERVER` prints microseconds, and `cpp-calls -ipcfd N`
// serves. It counts as the Rust program does.

#include "process.h"

#include <atomic>
#include <chrono>
#include <cstring>

namespace {
using Clock = std::chrono::steady_clock;

constexpr size_t LONGEST{1'000};

// Gives short texts back and keeps long ones.
class Taker : public syscoin::ipc::Echo
{
public:
    std::string echo(const std::string& text) override { return text.size() > LONGEST ? std::string() : text; }
};

class Window
{
public:
    template <typename Call>
    void fill(Call&& call)
    {
        do {
            call();
        } while (count());
    }

    double microsecondsPerCall() const
    {
        return std::chrono::duration<double, std::micro>(MEASURED).count() / m_calls;
    }

private:
    static constexpr std::chrono::milliseconds WARM_UP{100};
    static constexpr std::chrono::milliseconds MEASURED{500};

    bool count()
    {
        const auto now = Clock::now();
        if (now >= m_end) return false;
        if (now >= m_begin) ++m_calls;
        return true;
    }

    const Clock::time_point m_begin{Clock::now() + WARM_UP};
    const Clock::time_point m_end{m_begin + MEASURED};
    std::atomic<uint64_t> m_calls{0};
};

void exchange(syscoin::ipc::Echo& echo, const std::string& text, const std::string& expected)
{
    if (echo.echo(text) != expected) throw std::runtime_error("another answer");
}

double measure(const std::string& what, syscoin::ipc::Echo& echo)
{
    const std::string small{"12345678"};
    Window window;
    if (what == "call") {
        window.fill([&] { exchange(echo, small, small); });
    } else if (what == "megabyte") {
        const std::string megabyte(1 << 20, 'x');
        window.fill([&] { exchange(echo, megabyte, ""); });
    } else if (what == "threads") {
        std::vector<std::thread> callers;
        for (int caller = 0; caller < 64; ++caller) {
            callers.emplace_back([&] { window.fill([&] { exchange(echo, small, small); }); });
        }
        for (std::thread& caller : callers) caller.join();
    } else {
        throw std::runtime_error("no such case: " + what);
    }
    return window.microsecondsPerCall();
}
} // namespace

int main(int argc, char** argv)
{
    try {
        if (argc == 3 && std::strcmp(argv[1], "-ipcfd") == 0) {
            EchoInit<Taker> init;
            serve("cpp-calls", std::atoi(argv[2]), init);
            return 0;
        }
        if (argc == 3) {
            Child child("cpp-calls", argv[2]);
            std::unique_ptr<syscoin::ipc::Echo> echo = child.init->makeEcho();
            std::cout << measure(argv[1], *echo) << std::endl;
            echo.reset();
            return child.leave();
        }
        std::cerr << "usage: cpp-calls CASE SERVER | -ipcfd DESCRIPTOR" << std::endl;
    } catch (const std::exception& error) {
        std::cerr << error.what() << std::endl;
    }
    return 1;
}
