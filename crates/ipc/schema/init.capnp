@0xf2c5cfa319406aa6;
# The root object of each process, as Bitcoin Core 31 and later have it: everything else is made from it.

using Cxx = import "/capnp/c++.capnp";
using Echo = import "echo.capnp";
using Mining = import "mining.capnp";
using Proxy = import "/mp/proxy.capnp";
using Rpc = import "rpc.capnp";
using Rust = import "rust.capnp";

$Cxx.namespace("syscoin::ipc::messages");
$Proxy.include("syscoin/ipc/interfaces.h");
$Proxy.includeTypes("syscoin/ipc/types.h");
$Proxy.includeTypes("syscoin/ipc/schema/echo.capnp.proxy-types.h");
$Proxy.includeTypes("syscoin/ipc/schema/mining.capnp.proxy-types.h");
$Proxy.includeTypes("syscoin/ipc/schema/rpc.capnp.proxy-types.h");

interface Init $Proxy.wrap("syscoin::ipc::Init") {
  construct @0 (threadMap :Proxy.ThreadMap) -> (threadMap :Proxy.ThreadMap) $Rust.manual;
  # The first call on a connection: each side gets the other's threads.

  makeEcho @1 (context :Proxy.Context) -> (result :Echo.Echo);

  makeMiningOld2 @2 () -> ()
      $Rust.refused("Init.makeMining has another number since Bitcoin Core 31: this client is made for Bitcoin Core 30, and must be updated");

  makeMining @3 (context :Proxy.Context) -> (result :Mining.Mining);
  makeRpc @4 (context :Proxy.Context) -> (result :Rpc.Rpc);
}
