# An interface that mpgen makes proxies for.
@0x9c1f3f6d2b7e4a55;

using Cxx = import "/capnp/c++.capnp";
using Proxy = import "/mp/proxy.capnp";

$Cxx.namespace("trees");
$Proxy.include("src/adder.h");
$Proxy.includeTypes("src/adder-types.h");

interface AdderInterface $Proxy.wrap("Adder") {
  add @0 (a :Int32, b :Int32) -> (result :Int32);
}
