@0xd0a5c9e1b27f4863;
# What a C++ process must know of the interfaces that only processes of this project speak, to call back while it is
# called: under the ids that they have, and no more of each than up to the methods that are called.

using Cxx = import "/capnp/c++.capnp";
using Proxy = import "/mp/proxy.capnp";

$Cxx.namespace("syscoin::ipc::messages");
$Proxy.include("wallets.h");
$Proxy.includeTypes("syscoin/ipc/types.h");

interface Process @0x8ed8b65025eff64d $Proxy.wrap("Process") {
  negotiate @0 (minimum :UInt32, maximum :UInt32) -> (version :UInt32);
  configureLogging @1 () -> ();
  makeChain @2 () -> ();
  makeNode @3 () -> ();
  makeWalletLoader @4 (context :Proxy.Context, chain :Chain) -> (result :WalletLoader);
}

interface Chain @0xc1ddb343393dabb5 $Proxy.wrap("Chain") {
  destroy @0 (context :Proxy.Context) -> ();
  getHeight @1 (context :Proxy.Context) -> (result :UInt32, hasResult :Bool);
}

interface WalletLoader @0xccd2ed6c7cae2e82 $Proxy.wrap("WalletLoader") {
  destroy @0 (context :Proxy.Context) -> ();
  registerRpcs @1 () -> ();
  verify @2 () -> ();
  load @3 () -> ();
  start @4 () -> ();
  flush @5 () -> ();
  stop @6 () -> ();
  createWallet @7 () -> ();
  loadWallet @8 () -> ();
  restoreWallet @9 () -> ();
  getWalletDir @10 () -> ();
  listWalletDir @11 () -> ();
  getWallets @12 () -> ();
  handleLoadWallet @13 (context :Proxy.Context, listener :LoadWalletListener) -> (result :Handler);
}

interface LoadWalletListener @0xd7bce4e138bc093c $Proxy.wrap("LoadWalletListener") {
  destroy @0 (context :Proxy.Context) -> ();
  walletLoaded @1 (context :Proxy.Context, wallet :Wallet) -> ();
}

interface Wallet @0x94d71bd37b120a30 $Proxy.wrap("Wallet") {
  destroy @0 (context :Proxy.Context) -> ();
}

interface Handler @0xea08728d34263f55 $Proxy.wrap("Handler") {
  destroy @0 (context :Proxy.Context) -> ();
  disconnect @1 (context :Proxy.Context) -> ();
}
