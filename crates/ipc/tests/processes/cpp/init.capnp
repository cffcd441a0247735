@0xf2c5cfa319406aa6;
# The Init interface as C++ peers declare it: ours, with what mpgen must know.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("messages");

using Proxy = import "/mp/proxy.capnp";
$Proxy.include("interfaces.h");
$Proxy.include("echo.capnp.h");
$Proxy.include("init.capnp.h");
$Proxy.includeTypes("types.h");

using Echo = import "echo.capnp";

interface Init $Proxy.wrap("interfaces::Init") {
  construct @0 (threadMap :Proxy.ThreadMap) -> (threadMap :Proxy.ThreadMap);
  makeEcho @1 (context :Proxy.Context) -> (result :Echo.Echo);
}
