@0x9c3505dc45e146ac;
# The node's RPC methods.

using Proxy = import "proxy.capnp";
using Rust = import "rust.capnp";

interface Rpc {
  executeRpc @0 (context :Proxy.Context, request :Text $Rust.holds("interfaces::RpcText"), uri :Text, user :Text)
      -> (result :Text $Rust.holds("interfaces::RpcText"));
}
