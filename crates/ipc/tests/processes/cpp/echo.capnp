@0x888b4f7f51e691f7;
# The Echo interface as C++ peers declare it: ours, with what mpgen must know.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("messages");

using Proxy = import "/mp/proxy.capnp";
$Proxy.include("interfaces.h");
$Proxy.include("echo.capnp.h");
$Proxy.includeTypes("types.h");

interface Echo $Proxy.wrap("interfaces::Echo") {
  destroy @0 (context :Proxy.Context) -> ();
  echo @1 (context :Proxy.Context, echo :Text) -> (result :Text);
}
