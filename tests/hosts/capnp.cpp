#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/async-io.h>

#include <iostream>

int main()
{
    capnp::MallocMessageBuilder message;
    message.getRoot<capnp::AnyPointer>().setAs<capnp::Text>("hello");
    auto words = capnp::messageToFlatArray(message);
    capnp::FlatArrayMessageReader reader(words);
    auto io = kj::setupAsyncIo();
    auto text = kj::evalLater([&] { return kj::str(reader.getRoot<capnp::AnyPointer>().getAs<capnp::Text>()); })
                    .wait(io.waitScope);
    std::cout << "capnp " << CAPNP_VERSION_MAJOR << "." << CAPNP_VERSION_MINOR << "." << CAPNP_VERSION_MICRO << ": "
              << text.cStr() << std::endl;
    return 0;
}
