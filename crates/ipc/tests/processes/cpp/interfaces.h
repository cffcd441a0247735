// The interfaces as a C++ program declares them.
#pragma once

#include <memory>
#include <string>

namespace interfaces {
class Echo
{
public:
    virtual ~Echo() = default;
    virtual std::string echo(const std::string& text) = 0;
};

class Init
{
public:
    virtual ~Init() = default;
    virtual std::unique_ptr<Echo> makeEcho() = 0;
};
} // namespace interfaces
