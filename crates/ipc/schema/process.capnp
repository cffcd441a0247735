@0x86a7ca351fa1f6e0;
# What the processes of this project say to each other. Ours alone: its methods stand in an interface with an id of its
# own, so that they never collide with ordinals that upstream gives out. A peer of another make answers that it does not
# implement them.

using Chain = import "chain.capnp";
using Init = import "init.capnp";
using Node = import "node.capnp";
using Proxy = import "/mp/proxy.capnp";
using Rust = import "rust.capnp";
using Wallet = import "wallet.capnp";

struct Setting $Rust.manual {
  # One of the parent's logging settings, spelled as the option of that name.

  name @0 :Text;
  value @1 :Text;
}

struct TracedContext $Rust.manual {
  # The context of a call that is made within a span: a longer `Proxy.Context`, and read as that by who does not know of
  # it. Sent to peers alone with which a version was agreed on.

  thread @0 :Proxy.Thread;
  callbackThread @1 :Proxy.Thread;

  traceHigh @2 :UInt64;
  traceLow @3 :UInt64;
  # The trace, W3C's trace-id.

  span @4 :UInt64;
  # The span, W3C's parent-id.
}

interface Process extends(Init.Init) $Rust.object("interfaces::Init") {
  # The root object of each process.

  negotiate @0 (minimum :UInt32, maximum :UInt32) -> (version :UInt32) $Rust.manual;
  # The versions of the interfaces that the caller speaks, and the one to speak.

  configureLogging @1 (settings :List(Setting)) -> () $Rust.manual;
  # Makes a spawned process log where its parent does. At most once, before `construct`.

  makeChain @2 (context :Proxy.Context) -> (result :Chain.Chain);
  makeNode @3 (context :Proxy.Context) -> (result :Node.Node);
  makeWalletLoader @4 (context :Proxy.Context, chain :Chain.Chain) -> (result :Wallet.WalletLoader);
}
