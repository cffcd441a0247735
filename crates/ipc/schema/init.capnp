@0xf2c5cfa319406aa6;
# The bootstrap capability of each process: everything else is made from it.

using Proxy = import "proxy.capnp";
using Echo = import "echo.capnp";

interface Init {
  construct @0 (threadMap :Proxy.ThreadMap) -> (threadMap :Proxy.ThreadMap);
  # The first call on a connection: each side gets the other's threads.

  makeEcho @1 (context :Proxy.Context) -> (result :Echo.Echo);
}
