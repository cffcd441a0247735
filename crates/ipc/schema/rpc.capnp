@0x9c3505dc45e146ac;
# The node's RPC methods.

using Cxx = import "/capnp/c++.capnp";
using Proxy = import "/mp/proxy.capnp";
using Rust = import "rust.capnp";

$Cxx.namespace("syscoin::ipc::messages");
$Proxy.include("syscoin/ipc/interfaces.h");
$Proxy.includeTypes("syscoin/ipc/types.h");

interface Rpc $Proxy.wrap("syscoin::ipc::Rpc") {
  executeRpc @0 (context :Proxy.Context, request :Text $Rust.holds("interfaces::RpcText"), uri :Text, user :Text)
      -> (result :Text $Rust.holds("interfaces::RpcText"));
}
