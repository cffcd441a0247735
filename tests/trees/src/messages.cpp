#include "report.h"

#include "word.capnp.h"

#include <capnp/message.h>
#include <capnp/rpc-twoparty.h>
#include <capnp/serialize.h>
#include <kj/async-io.h>

void report_messages()
{
    capnp::MallocMessageBuilder message;
    message.initRoot<Word>().setText("word");
    const kj::Array<capnp::word> bytes = capnp::messageToFlatArray(message);
    capnp::FlatArrayMessageReader reader(bytes);
    require(reader.getRoot<Word>().getText() == "word", "a message is read as it was written");
    auto io = kj::setupAsyncIo();
    const int sum = kj::Promise<int>(40).then([](int value) { return value + 2; }).wait(io.waitScope);
    require(sum == 42, "a promise is kept");
    const int version = CAPNP_VERSION;
    report("capnp", std::to_string(version / 1000000) + "." + std::to_string(version / 1000 % 1000) + "." +
                        std::to_string(version % 1000));
}
