@0xd5c1a90f3e7b6284;
# What a wallet asks of a node, and what it is told. Ours alone. What the methods mean is said at the traits of crate
# `interfaces`. Amounts are satoshis, fee rates satoshis for 1,000 virtual bytes, times seconds since 1970, durations
# milliseconds. Hashes, transactions and blocks are in consensus serialisation with witness, scripts without their
# length, JSON is text. A text `refusal` that is empty says that there is a result.

using Common = import "common.capnp";
using Handler = import "handler.capnp";
using Proxy = import "/mp/proxy.capnp";
using Rust = import "rust.capnp";

interface Chain {
  # A node's chain, mempool, fee estimates and settings.

  destroy @0 (context :Proxy.Context) -> ();
  getHeight @1 (context :Proxy.Context) -> (result :UInt32, hasResult :Bool);
  getBlockHash @2 (context :Proxy.Context, height :UInt32)
      -> (result :Data $Rust.holds("bitcoin::BlockHash") $Rust.optional);
  haveBlockOnDisk @3 (context :Proxy.Context, height :UInt32) -> (result :Bool);
  findLocatorFork @4 (context :Proxy.Context, locator :BlockLocator) -> (result :UInt32, hasResult :Bool);
  getTipLocator @5 (context :Proxy.Context) -> (result :BlockLocator);
  getActiveChainLocator @6 (context :Proxy.Context, block :Data $Rust.holds("bitcoin::BlockHash"))
      -> (result :BlockLocator $Rust.optional);
  findBlock @7 (context :Proxy.Context, block :Data $Rust.holds("bitcoin::BlockHash"), parts :BlockParts)
      -> (result :FoundBlock $Rust.optional);
  findFirstBlockWithTimeAndHeight @8 (context :Proxy.Context, minTime :Int64 $Rust.holds("interfaces::UnixTime"),
      minHeight :UInt32, parts :BlockParts)
      -> (result :FoundBlock $Rust.optional);
  findAncestorByHeight @9 (context :Proxy.Context, block :Data $Rust.holds("bitcoin::BlockHash"), height :UInt32,
      parts :BlockParts)
      -> (result :FoundBlock $Rust.optional);
  findAncestorByHash @10 (context :Proxy.Context, block :Data $Rust.holds("bitcoin::BlockHash"),
      ancestor :Data $Rust.holds("bitcoin::BlockHash"), parts :BlockParts)
      -> (result :FoundBlock $Rust.optional);
  findCommonAncestor @11 (context :Proxy.Context, first :Data $Rust.holds("bitcoin::BlockHash"),
      second :Data $Rust.holds("bitcoin::BlockHash"), parts :BlockParts)
      -> (result :CommonAncestor);
  hasBlocks @12 (context :Proxy.Context, block :Data $Rust.holds("bitcoin::BlockHash"), minHeight :UInt32,
      maxHeight :UInt32, hasMaxHeight :Bool)
      -> (result :Bool);
  guessVerificationProgress @13 (context :Proxy.Context, block :Data $Rust.holds("bitcoin::BlockHash"))
      -> (result :Float64);
  havePruned @14 (context :Proxy.Context) -> (result :Bool);
  isReadyToBroadcast @15 (context :Proxy.Context) -> (result :Bool);
  isInitialBlockDownload @16 (context :Proxy.Context) -> (result :Bool);
  hasAssumedValidChain @17 (context :Proxy.Context) -> (result :Bool);
  hasBlockFilterIndex @18 (context :Proxy.Context, kind :BlockFilterKind) -> (result :Bool);
  blockFilterMatchesAny @19 (context :Proxy.Context, kind :BlockFilterKind,
      block :Data $Rust.holds("bitcoin::BlockHash"), elements :List(Data))
      -> (result :Bool, hasResult :Bool);
  findCoins @20 (context :Proxy.Context, outpoints :List(Data) $Rust.holds("bitcoin::OutPoint"))
      -> (result :List(Coin) $Rust.holds("Option<interfaces::Coin>"));
  isRbfOptIn @21 (context :Proxy.Context, transaction :Data $Rust.holds("bitcoin::Transaction")) -> (result :RbfState);
  isInMempool @22 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid")) -> (result :Bool);
  hasDescendantsInMempool @23 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid")) -> (result :Bool);
  broadcastTransaction @24 (context :Proxy.Context, transaction :Data $Rust.holds("bitcoin::Transaction"),
      maxFee :Int64 $Rust.holds("bitcoin::Amount"), method :BroadcastMethod)
      -> (result :Text $Rust.holds("Result<(), interfaces::Refusal>"));
  getTransactionAncestry @25 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid"))
      -> (result :TransactionAncestry $Rust.optional);
  calculateIndividualBumpFees @26 (context :Proxy.Context, outpoints :List(Data) $Rust.holds("bitcoin::OutPoint"),
      target :UInt64 $Rust.holds("interfaces::FeeRate"))
      -> (result :List(Int64) $Rust.holds("bitcoin::Amount"));
  calculateCombinedBumpFee @27 (context :Proxy.Context, outpoints :List(Data) $Rust.holds("bitcoin::OutPoint"),
      target :UInt64 $Rust.holds("interfaces::FeeRate"))
      -> (result :Int64 $Rust.holds("bitcoin::Amount"), hasResult :Bool);
  getPackageLimits @28 (context :Proxy.Context) -> (result :PackageLimits);
  checkChainLimits @29 (context :Proxy.Context, transaction :Data $Rust.holds("bitcoin::Transaction"))
      -> (result :Text $Rust.holds("Result<(), interfaces::Refusal>"));
  estimateSmartFee @30 (context :Proxy.Context, targetBlocks :UInt32, mode :FeeEstimateMode) -> (result :FeeEstimate);
  estimateMaxBlocks @31 (context :Proxy.Context) -> (result :UInt32);
  mempoolMinFee @32 (context :Proxy.Context) -> (result :UInt64 $Rust.holds("interfaces::FeeRate"));
  relayMinFee @33 (context :Proxy.Context) -> (result :UInt64 $Rust.holds("interfaces::FeeRate"));
  relayIncrementalFee @34 (context :Proxy.Context) -> (result :UInt64 $Rust.holds("interfaces::FeeRate"));
  relayDustFee @35 (context :Proxy.Context) -> (result :UInt64 $Rust.holds("interfaces::FeeRate"));
  requestMempoolTransactions @36 (context :Proxy.Context, notifications :Notifications) -> ();
  initMessage @37 (context :Proxy.Context, message :Text) -> ();
  initWarning @38 (context :Proxy.Context, message :Text) -> ();
  initError @39 (context :Proxy.Context, message :Text) -> ();
  showProgress @40 (context :Proxy.Context, title :Text, percent :UInt8, resumePossible :Bool) -> ();
  shutdownRequested @41 (context :Proxy.Context) -> (result :Bool);
  handleNotifications @42 (context :Proxy.Context, notifications :Notifications) -> (result :Handler.Handler);
  waitForNotificationsIfTipChanged @43 (context :Proxy.Context, oldTip :Data $Rust.holds("bitcoin::BlockHash")) -> ();
  handleRpc @44 (context :Proxy.Context, command :RpcCommand, method :RpcMethod) -> (result :Handler.Handler);
  rpcEnableDeprecated @45 (context :Proxy.Context, method :Text) -> (result :Bool);
  getSetting @46 (context :Proxy.Context, name :Text) -> (result :Text $Rust.holds("interfaces::Json") $Rust.optional);
  getSettingsList @47 (context :Proxy.Context, name :Text) -> (result :List(Text) $Rust.holds("interfaces::Json"));
  getRwSetting @48 (context :Proxy.Context, name :Text)
      -> (result :Text $Rust.holds("interfaces::Json") $Rust.optional);
  updateRwSetting @49 (context :Proxy.Context, name :Text,
      expected :Text $Rust.holds("interfaces::Json") $Rust.optional,
      value :Text $Rust.holds("interfaces::Json") $Rust.optional, write :Bool)
      -> (result :Bool);
}

interface Notifications {
  # Hears of changes of the chain and the mempool, in the order in which they happen and one at a time.

  destroy @0 (context :Proxy.Context) -> ();
  transactionAddedToMempool @1 (context :Proxy.Context, transaction :Data $Rust.holds("bitcoin::Transaction")) -> ();
  transactionRemovedFromMempool @2 (context :Proxy.Context, transaction :Data $Rust.holds("bitcoin::Transaction"),
      reason :RemovalReason)
      -> ();
  blockConnected @3 (context :Proxy.Context, role :ChainRole, block :BlockInfo) -> ();
  blockDisconnected @4 (context :Proxy.Context, block :BlockInfo) -> ();
  updatedBlockTip @5 (context :Proxy.Context) -> ();
  chainStateFlushed @6 (context :Proxy.Context, role :ChainRole, locator :BlockLocator) -> ();
}

interface RpcMethod {
  # What runs a method that was added.

  destroy @0 (context :Proxy.Context) -> ();
  call @1 (context :Proxy.Context, request :RpcRequest)
      -> (result :Text $Rust.holds("interfaces::Json"), failure :RpcFailure)
      $Rust.returns("Result<interfaces::Json, interfaces::RpcFailure>");
}

enum FeeEstimateMode {
  # How careful an estimate is.

  unset @0;
  economical @1;
  conservative @2;
}

enum FeeReason {
  # Why a fee is what it is.

  none @0;
  halfEstimate @1;
  fullEstimate @2;
  doubleEstimate @3;
  conservative @4;
  mempoolMin @5;
  chosen @6;
  fallback @7;
  required @8;
}

struct FeeEstimate {
  # What a transaction should pay to be confirmed in time.

  feeRate @0 :UInt64 $Rust.holds("interfaces::FeeRate");
  hasFeeRate @1 :Bool;
  targetBlocks @2 :UInt32;
  reason @3 :FeeReason;
}

struct RpcCommand {
  # A method that a process adds to the node's, as the wallet's process adds its own.

  category @0 :Text;
  name @1 :Text;
  parameters @2 :List(Text);
}

struct RpcRequest {
  # One call of such a method.

  method @0 :Text;
  parameters @1 :Text $Rust.holds("interfaces::Json");
  uri @2 :Text;
  user @3 :Text;
  help @4 :Bool;
}

struct RpcFailure {
  # The error that a method answers with.

  code @0 :Int32;
  message @1 :Text;
}

struct BlockLocator {
  # A place in a chain of blocks, which is understood by who has another chain with a common beginning.

  have @0 :List(Data) $Rust.holds("bitcoin::BlockHash");
}

struct BlockParts {
  # Which costly parts of a block are wanted.

  locator @0 :Bool;
  data @1 :Bool;
}

struct FoundBlock {
  # A block that the node has the header of.

  block @0 :Common.BlockRef;
  time @1 :Int64 $Rust.holds("interfaces::UnixTime");
  maxTime @2 :Int64 $Rust.holds("interfaces::UnixTime");
  medianTimePast @3 :Int64 $Rust.holds("interfaces::UnixTime");
  inActiveChain @4 :Bool;
  next @5 :Common.BlockRef $Rust.optional;
  locator @6 :BlockLocator $Rust.optional;
  data @7 :Data $Rust.holds("bitcoin::Block") $Rust.optional;
}

struct CommonAncestor {
  # Two blocks and the last block that both stand on.

  ancestor @0 :FoundBlock $Rust.optional;
  first @1 :FoundBlock $Rust.optional;
  second @2 :FoundBlock $Rust.optional;
}

enum BlockFilterKind {
  # The kinds of filters that nodes make of blocks.

  basic @0;
}

struct Coin {
  # An output that is not spent.

  output @0 :Data $Rust.holds("bitcoin::TxOut");
  height @1 :UInt32;
  hasHeight @2 :Bool;
  isCoinbase @3 :Bool;
}

enum RbfState {
  # Whether a transaction says that it may be replaced, after BIP 125 <https://bips.dev/125/>.

  unknown @0;
  replaceable @1;
  final @2;
}

enum BroadcastMethod {
  # How a transaction is handed on.

  mempoolAndAll @0;
  mempoolOnly @1;
  private @2;
}

struct TransactionAncestry {
  # A transaction's relatives in the mempool.

  ancestors @0 :UInt64;
  descendants @1 :UInt64;
  ancestorSize @2 :UInt64;
  ancestorFees @3 :Int64 $Rust.holds("bitcoin::Amount");
}

struct PackageLimits {
  # How many relatives in the mempool a transaction may have.

  ancestors @0 :UInt64;
  descendants @1 :UInt64;
}

enum RemovalReason {
  # Why a transaction left the mempool.

  expiry @0;
  sizeLimit @1;
  reorganization @2;
  block @3;
  conflict @4;
  replaced @5;
}

enum ChainRole {
  # Which of a node's chains a notification is about. There is more than one while a snapshot is verified.

  normal @0;
  assumedValid @1;
  background @2;
}

struct BlockInfo {
  # A block that is connected or disconnected.

  hash @0 :Data $Rust.holds("bitcoin::BlockHash");
  previous @1 :Data $Rust.holds("bitcoin::BlockHash") $Rust.optional;
  height @2 :UInt32;
  chainTimeMax @3 :Int64 $Rust.holds("interfaces::UnixTime");
  data @4 :Data $Rust.holds("bitcoin::Block") $Rust.optional;
}
