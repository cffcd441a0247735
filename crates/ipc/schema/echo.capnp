@0x888b4f7f51e691f7;
# The Echo interface, which shows that two processes talk to each other.

using Cxx = import "/capnp/c++.capnp";
using Proxy = import "/mp/proxy.capnp";

$Cxx.namespace("syscoin::ipc::messages");
$Proxy.include("syscoin/ipc/interfaces.h");
$Proxy.includeTypes("syscoin/ipc/types.h");

interface Echo $Proxy.wrap("syscoin::ipc::Echo") {
  destroy @0 (context :Proxy.Context) -> ();
  # Drops the object behind the capability, before the capability is released.

  echo @1 (context :Proxy.Context, echo :Text) -> (result :Text);
  # Gives back its argument.
}
