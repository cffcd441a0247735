@0xcd2c6232cb484a28;
# What several interfaces speak of.

using Cxx = import "/capnp/c++.capnp";
using Proxy = import "/mp/proxy.capnp";
using Rust = import "rust.capnp";

$Cxx.namespace("syscoin::ipc::messages");
$Proxy.include("syscoin/ipc/interfaces.h");
$Proxy.includeTypes("syscoin/ipc/types.h");

struct BlockRef $Proxy.wrap("syscoin::ipc::BlockRef") {
  hash @0 :Data $Rust.holds("bitcoin::BlockHash");
  height @1 :Int32 $Rust.holds("u32");
}
