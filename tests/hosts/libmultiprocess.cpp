#include <mp/proxy-io.h>
#include <mp/util.h>

#include <iostream>

int main()
{
    int n_logged = 0;
    mp::EventLoop loop("program", [&](mp::LogMessage) { ++n_logged; });
    bool posted = false;
    std::thread poster([&, reference = mp::EventLoopRef{loop}]() mutable {
        loop.sync([&] { posted = true; });
        reference.reset();
    });
    loop.loop();
    poster.join();
    std::cout << "libmultiprocess: " << mp::LogEscape(kj::strTree("a\tb"), 10) << (posted ? " posted" : "") << std::endl;
    return 0;
}
