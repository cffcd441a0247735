@0xa7f36e90c2d85b14;
# What a user interface asks of a node, and what it is told. Ours alone. What the methods mean is said at the traits
# of crate `interfaces`. Amounts are satoshis, fee rates satoshis for 1,000 virtual bytes, times seconds since 1970,
# durations milliseconds. Hashes, transactions and blocks are in consensus serialisation with witness, scripts without
# their length, JSON is text. A text `refusal` that is empty says that there is a result.

using Chain = import "chain.capnp";
using Common = import "common.capnp";
using Handler = import "handler.capnp";
using Proxy = import "/mp/proxy.capnp";
using Rust = import "rust.capnp";
using Wallet = import "wallet.capnp";

interface Node {
  # A node: its life, settings, network and chain.

  destroy @0 (context :Proxy.Context) -> ();
  initialize @1 (context :Proxy.Context, arguments :List(Data) $Rust.holds("interfaces::Secret"))
      -> (result :Text $Rust.holds("Result<(), interfaces::Refusal>"));
  start @2 (context :Proxy.Context)
      -> (result :StartedAt, refusal :Text) $Rust.returns("Result<interfaces::StartedAt, interfaces::Refusal>");
  startShutdown @3 (context :Proxy.Context) -> ();
  shutDown @4 (context :Proxy.Context) -> ();
  shutdownRequested @5 (context :Proxy.Context) -> (result :Bool);
  getExitStatus @6 (context :Proxy.Context) -> (result :Int32);
  getWarnings @7 (context :Proxy.Context) -> (result :List(Text));
  getLogCategories @8 (context :Proxy.Context) -> (result :List(LogCategory));
  isSettingIgnored @9 (context :Proxy.Context, name :Text) -> (result :Bool);
  getPersistentSetting @10 (context :Proxy.Context, name :Text)
      -> (result :Text $Rust.holds("interfaces::Json") $Rust.optional);
  updateRwSetting @11 (context :Proxy.Context, name :Text, value :Text $Rust.holds("interfaces::Json") $Rust.optional)
      -> ();
  forceSetting @12 (context :Proxy.Context, name :Text, value :Text $Rust.holds("interfaces::Json") $Rust.optional)
      -> ();
  resetSettings @13 (context :Proxy.Context) -> ();
  mapPort @14 (context :Proxy.Context, enable :Bool) -> ();
  getProxy @15 (context :Proxy.Context, network :Network) -> (result :NetworkProxy $Rust.optional);
  getNodeCount @16 (context :Proxy.Context, direction :ConnectionDirection) -> (result :UInt64);
  getNodesStats @17 (context :Proxy.Context) -> (result :List(PeerStats));
  getBanned @18 (context :Proxy.Context) -> (result :List(Ban));
  ban @19 (context :Proxy.Context, subnet :Text, duration :Float64 $Rust.holds("std::time::Duration"),
      hasDuration :Bool)
      -> (result :Text $Rust.holds("Result<(), interfaces::Refusal>"));
  unban @20 (context :Proxy.Context, subnet :Text) -> (result :Bool);
  disconnectByAddress @21 (context :Proxy.Context, address :Text) -> (result :Bool);
  disconnectById @22 (context :Proxy.Context, id :Int64) -> (result :Bool);
  getTotalBytesReceived @23 (context :Proxy.Context) -> (result :UInt64);
  getTotalBytesSent @24 (context :Proxy.Context) -> (result :UInt64);
  getNetLocalAddresses @25 (context :Proxy.Context) -> (result :List(LocalAddress));
  setNetworkActive @26 (context :Proxy.Context, active :Bool) -> ();
  getNetworkActive @27 (context :Proxy.Context) -> (result :Bool);
  getMempoolSize @28 (context :Proxy.Context) -> (result :UInt64);
  getMempoolDynamicUsage @29 (context :Proxy.Context) -> (result :UInt64);
  getMempoolMaxUsage @30 (context :Proxy.Context) -> (result :UInt64);
  getHeaderTip @31 (context :Proxy.Context) -> (result :BlockTip $Rust.optional);
  getNumBlocks @32 (context :Proxy.Context) -> (result :UInt32);
  getBestBlockHash @33 (context :Proxy.Context) -> (result :Data $Rust.holds("bitcoin::BlockHash"));
  getLastBlockTime @34 (context :Proxy.Context) -> (result :Int64 $Rust.holds("interfaces::UnixTime"));
  getVerificationProgress @35 (context :Proxy.Context) -> (result :Float64);
  isInitialBlockDownload @36 (context :Proxy.Context) -> (result :Bool);
  isLoadingBlocks @37 (context :Proxy.Context) -> (result :Bool);
  getDustRelayFee @38 (context :Proxy.Context) -> (result :UInt64 $Rust.holds("interfaces::FeeRate"));
  getUnspentOutput @39 (context :Proxy.Context, outpoint :Data $Rust.holds("bitcoin::OutPoint"))
      -> (result :Chain.Coin $Rust.optional);
  broadcastTransaction @40 (context :Proxy.Context, transaction :Data $Rust.holds("bitcoin::Transaction"),
      maxFee :Int64 $Rust.holds("bitcoin::Amount"))
      -> (result :Text $Rust.holds("Result<(), interfaces::Refusal>"));
  executeRpc @41 (context :Proxy.Context, method :Text, parameters :Text $Rust.holds("interfaces::Json"), uri :Text)
      -> (result :Text $Rust.holds("interfaces::Json"), failure :Chain.RpcFailure)
      $Rust.returns("Result<interfaces::Json, interfaces::RpcFailure>");
  listRpcCommands @42 (context :Proxy.Context) -> (result :List(Text));
  walletLoader @43 (context :Proxy.Context) -> (result :Wallet.WalletLoader $Rust.optional);
  handleEvents @44 (context :Proxy.Context, events :NodeEvents) -> (result :Handler.Handler);
}

interface NodeEvents {
  # Hears of what happens in a node, one event at a time.

  destroy @0 (context :Proxy.Context) -> ();
  initMessage @1 (context :Proxy.Context, message :Text) -> ();
  messageBox @2 (context :Proxy.Context, message :Text, style :MessageStyle) -> ();
  question @3 (context :Proxy.Context, message :Text, nonInteractive :Text, style :MessageStyle) -> (result :Bool);
  showProgress @4 (context :Proxy.Context, title :Text, percent :UInt8, resumePossible :Bool) -> ();
  initWallet @5 (context :Proxy.Context) -> ();
  numConnectionsChanged @6 (context :Proxy.Context, connections :UInt64) -> ();
  networkActiveChanged @7 (context :Proxy.Context, active :Bool) -> ();
  alertChanged @8 (context :Proxy.Context) -> ();
  bannedListChanged @9 (context :Proxy.Context) -> ();
  blockTip @10 (context :Proxy.Context, state :SynchronizationState, tip :BlockTip, verificationProgress :Float64)
      -> ();
  headerTip @11 (context :Proxy.Context, state :SynchronizationState, tip :BlockTip, presync :Bool) -> ();
  shutdownRequested @12 (context :Proxy.Context) -> ();
}

enum Network {
  # The networks that nodes meet on.

  ipv4 @0;
  ipv6 @1;
  onion @2;
  i2p @3;
  cjdns @4;
  internal @5;
}

enum ConnectionDirection {
  # Which connections are counted.

  inbound @0;
  outbound @1;
  both @2;
}

struct NetworkProxy {
  # How the node reaches a network.

  address @0 :Text;
  randomizeCredentials @1 :Bool;
}

struct PeerStats {
  # A connected peer.

  id @0 :Int64;
  address @1 :Text;
  localAddress @2 :Text $Rust.optional;
  network @3 :Network;
  inbound @4 :Bool;
  connectionKind @5 :Text;
  transport @6 :Text;
  version @7 :UInt32;
  userAgent @8 :Text;
  services @9 :UInt64;
  connected @10 :Int64 $Rust.holds("interfaces::UnixTime");
  lastSend @11 :Int64 $Rust.holds("interfaces::UnixTime");
  hasLastSend @12 :Bool;
  lastReceive @13 :Int64 $Rust.holds("interfaces::UnixTime");
  hasLastReceive @14 :Bool;
  bytesSent @15 :UInt64;
  bytesReceived @16 :UInt64;
  ping @17 :Float64 $Rust.holds("std::time::Duration");
  hasPing @18 :Bool;
  minPing @19 :Float64 $Rust.holds("std::time::Duration");
  hasMinPing @20 :Bool;
  timeOffset @21 :Int64;
  startingHeight @22 :UInt32;
  hasStartingHeight @23 :Bool;
  syncedHeaders @24 :UInt32;
  hasSyncedHeaders @25 :Bool;
  syncedBlocks @26 :UInt32;
  hasSyncedBlocks @27 :Bool;
  relaysTransactions @28 :Bool;
  permissions @29 :List(Text);
}

struct Ban {
  # Addresses that the node does not talk to.

  subnet @0 :Text;
  created @1 :Int64 $Rust.holds("interfaces::UnixTime");
  until @2 :Int64 $Rust.holds("interfaces::UnixTime");
}

struct LocalAddress {
  # An address at which peers may reach the node.

  address @0 :Data $Rust.holds("std::net::IpAddr");
  port @1 :UInt16;
  score @2 :UInt32;
}

struct LogCategory {
  # A kind of log messages.

  name @0 :Text;
  active @1 :Bool;
}

struct StartedAt {
  # How far a node has got when it has started.

  tip @0 :BlockTip $Rust.optional;
  headerTip @1 :BlockTip $Rust.optional;
  verificationProgress @2 :Float64;
}

struct BlockTip {
  # The end of a chain of blocks or of headers.

  block @0 :Common.BlockRef;
  time @1 :Int64 $Rust.holds("interfaces::UnixTime");
}

enum SynchronizationState {
  # What the node is doing about the chain.

  reindexing @0;
  downloading @1;
  following @2;
}

enum MessageStyle {
  # How serious a message is.

  information @0;
  warning @1;
  error @2;
}
