@0xc77d03df6a41b505;
# Block templates, as Bitcoin Core 32 has them, and what clients of Bitcoin Core 31 call. `Data` is consensus
# serialisation, with witness.

using Common = import "common.capnp";
using Cxx = import "/capnp/c++.capnp";
using Proxy = import "/mp/proxy.capnp";
using Rust = import "rust.capnp";

$Cxx.namespace("syscoin::ipc::messages");
$Proxy.include("syscoin/ipc/interfaces.h");
$Proxy.includeTypes("syscoin/ipc/types.h");
$Proxy.includeTypes("syscoin/ipc/schema/common.capnp.proxy-types.h");

interface Mining $Proxy.wrap("syscoin::ipc::Mining") {
  isTestChain @0 (context :Proxy.Context) -> (result :Bool);
  isInitialBlockDownload @1 (context :Proxy.Context) -> (result :Bool);
  getTip @2 (context :Proxy.Context) -> (result :Common.BlockRef, hasResult :Bool);

  waitTipChanged @3 (context :Proxy.Context, currentTip :Data $Rust.holds("bitcoin::BlockHash"),
      timeout :Float64 = 1.7976931348623157e308 $Rust.holds("Option<std::time::Duration>"))
      -> (result :Common.BlockRef $Rust.holds("Option<interfaces::BlockRef>"));
  # Milliseconds. An empty hash where the wait was interrupted.

  createNewBlock @4 (context :Proxy.Context, options :BlockCreateOptions, cooldown :Bool = true)
      -> (result :BlockTemplate $Rust.optional) $Rust.contextSince("Bitcoin Core 31");
  checkBlock @5 (context :Proxy.Context, block :Data $Rust.holds("bitcoin::Block"), options :BlockCheckOptions)
      -> (reason :Text, debug :Text, result :Bool)
      $Rust.returns("interfaces::BlockVerdict") $Rust.contextSince("Bitcoin Core 31");
  interrupt @6 () -> () $Rust.endsWaits;
  submitBlock @7 (context :Proxy.Context, block :Data $Rust.holds("bitcoin::Block"))
      -> (reason :Text, debug :Text, result :Bool) $Rust.returns("interfaces::BlockVerdict");

  getTransactionsByTxID @8 (context :Proxy.Context, txids :List(Data) $Rust.holds("bitcoin::Txid"))
      -> (result :List(Data) $Rust.holds("Option<bitcoin::Transaction>"));
  # Empty where there is no such transaction, here and below.

  getTransactionsByWitnessID @9 (context :Proxy.Context, wtxids :List(Data) $Rust.holds("bitcoin::Wtxid"))
      -> (result :List(Data) $Rust.holds("Option<bitcoin::Transaction>"));
}

interface BlockTemplate $Proxy.wrap("syscoin::ipc::BlockTemplate") {
  destroy @0 (context :Proxy.Context) -> ();
  getBlockHeader @1 (context :Proxy.Context) -> (result :Data $Rust.holds("bitcoin::block::Header"));
  getBlock @2 (context :Proxy.Context) -> (result :Data $Rust.holds("bitcoin::Block"));
  getTxFees @3 (context :Proxy.Context) -> (result :List(Int64) $Rust.holds("bitcoin::Amount"));
  getTxSigops @4 (context :Proxy.Context) -> (result :List(Int64) $Rust.holds("u32"));
  getCoinbaseTx @5 (context :Proxy.Context) -> (result :CoinbaseTx);
  getCoinbaseMerklePath @6 (context :Proxy.Context)
      -> (result :List(Data) $Rust.holds("bitcoin::TxMerkleNode"));

  submitSolutionOld7 @7 (context :Proxy.Context, version :UInt32, timestamp :UInt32, nonce :UInt32, coinbase :Data)
      -> (result :Bool) $Rust.manual;
  # As in Bitcoin Core 31.

  waitNext @8 (context :Proxy.Context, options :BlockWaitOptions) -> (result :BlockTemplate $Rust.optional);
  interruptWait @9 () -> () $Rust.endsWaits;
  submitSolution @10 (context :Proxy.Context, version :UInt32, timestamp :UInt32, nonce :UInt32,
      coinbase :Data $Rust.holds("bitcoin::Transaction"))
      -> (reason :Text, debug :Text, result :Bool) $Rust.returns("interfaces::BlockVerdict");
}

struct BlockCreateOptions $Proxy.wrap("syscoin::ipc::BlockCreateOptions") {
  useMempool @0 :Bool = true;
  blockReservedWeight @1 :UInt64 = 8000;
  coinbaseOutputMaxAdditionalSigops @2 :UInt64 = 400;
}

struct BlockWaitOptions $Proxy.wrap("syscoin::ipc::BlockWaitOptions") {
  timeout @0 :Float64 = 1.7976931348623157e308 $Rust.holds("Option<std::time::Duration>");
  feeThreshold @1 :Int64 = 2100000000000000 $Rust.holds("bitcoin::Amount");
}

struct BlockCheckOptions $Proxy.wrap("syscoin::ipc::BlockCheckOptions") {
  checkMerkleRoot @0 :Bool = true;
  checkPow @1 :Bool = true;
}

struct CoinbaseTx $Proxy.wrap("syscoin::ipc::CoinbaseTx") {
  version @0 :UInt32;
  sequence @1 :UInt32;
  scriptSigPrefix @2 :Data $Rust.holds("bitcoin::ScriptBuf");

  witness @3 :Data $Rust.holds("Option<[u8; 32]>");
  # Empty where there is none.

  blockRewardRemaining @4 :Int64 $Rust.holds("bitcoin::Amount");
  requiredOutputs @5 :List(Data) $Rust.holds("bitcoin::TxOut");
  lockTime @6 :UInt32;
}
