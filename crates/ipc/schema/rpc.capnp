@0x9c3505dc45e146ac;
# The node's RPC methods.

using Proxy = import "proxy.capnp";

interface Rpc {
  executeRpc @0 (context :Proxy.Context, request :Text, uri :Text, user :Text) -> (result :Text);
}
