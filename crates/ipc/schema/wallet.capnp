@0xf90b7c4e8d13a526;
# What a user interface asks of wallets, and what it is told. Ours alone. What the methods mean is said at the traits
# of crate `interfaces`. Amounts are satoshis, fee rates satoshis for 1,000 virtual bytes, times seconds since 1970,
# durations milliseconds. Hashes, transactions and blocks are in consensus serialisation with witness, scripts without
# their length, JSON is text. A text `refusal` that is empty says that there is a result.

using Chain = import "chain.capnp";
using Handler = import "handler.capnp";
using Proxy = import "/mp/proxy.capnp";
using Rust = import "rust.capnp";

interface WalletLoader {
  # A process's wallets: its life as a client of a chain, and the wallets by name.

  destroy @0 (context :Proxy.Context) -> ();
  registerRpcs @1 (context :Proxy.Context) -> ();
  verify @2 (context :Proxy.Context) -> (result :Text $Rust.holds("Result<(), interfaces::Refusal>"));
  load @3 (context :Proxy.Context) -> (result :Text $Rust.holds("Result<(), interfaces::Refusal>"));
  start @4 (context :Proxy.Context) -> ();
  flush @5 (context :Proxy.Context) -> ();
  stop @6 (context :Proxy.Context) -> ();
  createWallet @7 (context :Proxy.Context, name :Text, passphrase :Data $Rust.holds("interfaces::Secret"),
      flags :WalletFlags)
      -> (result :LoadedWallet, refusal :Text) $Rust.returns("Result<interfaces::LoadedWallet, interfaces::Refusal>");
  loadWallet @8 (context :Proxy.Context, name :Text)
      -> (result :LoadedWallet, refusal :Text) $Rust.returns("Result<interfaces::LoadedWallet, interfaces::Refusal>");
  restoreWallet @9 (context :Proxy.Context, path :Text, name :Text)
      -> (result :LoadedWallet, refusal :Text) $Rust.returns("Result<interfaces::LoadedWallet, interfaces::Refusal>");
  getWalletDir @10 (context :Proxy.Context) -> (result :Text);
  listWalletDir @11 (context :Proxy.Context) -> (result :List(WalletFile));
  getWallets @12 (context :Proxy.Context) -> (result :List(Wallet));
  handleLoadWallet @13 (context :Proxy.Context, listener :LoadWalletListener) -> (result :Handler.Handler);
}

interface LoadWalletListener {
  # Hears of wallets that are loaded.

  destroy @0 (context :Proxy.Context) -> ();
  walletLoaded @1 (context :Proxy.Context, wallet :Wallet) -> ();
}

interface Wallet {
  # A wallet that is loaded.

  destroy @0 (context :Proxy.Context) -> ();
  encryptWallet @1 (context :Proxy.Context, passphrase :Data $Rust.holds("interfaces::Secret"))
      -> (result :Text $Rust.holds("Result<(), interfaces::Refusal>"));
  isCrypted @2 (context :Proxy.Context) -> (result :Bool);
  lock @3 (context :Proxy.Context) -> (result :Bool);
  unlock @4 (context :Proxy.Context, passphrase :Data $Rust.holds("interfaces::Secret")) -> (result :Bool);
  isLocked @5 (context :Proxy.Context) -> (result :Bool);
  changeWalletPassphrase @6 (context :Proxy.Context, old :Data $Rust.holds("interfaces::Secret"),
      new :Data $Rust.holds("interfaces::Secret"))
      -> (result :Bool);
  abortRescan @7 (context :Proxy.Context) -> ();
  backupWallet @8 (context :Proxy.Context, path :Text) -> (result :Text $Rust.holds("Result<(), interfaces::Refusal>"));
  getWalletName @9 (context :Proxy.Context) -> (result :Text);
  getNewDestination @10 (context :Proxy.Context, kind :OutputKind, label :Text)
      -> (result :Data $Rust.holds("bitcoin::ScriptBuf"), refusal :Text)
      $Rust.returns("Result<bitcoin::ScriptBuf, interfaces::Refusal>");
  getPubKey @11 (context :Proxy.Context, script :Data $Rust.holds("bitcoin::ScriptBuf"),
      key :Data $Rust.holds("bitcoin::PubkeyHash"))
      -> (result :Data $Rust.holds("bitcoin::PublicKey") $Rust.optional);
  signMessage @12 (context :Proxy.Context, message :Text, key :Data $Rust.holds("bitcoin::PubkeyHash"))
      -> (result :Text, refusal :Text) $Rust.returns("Result<String, interfaces::Refusal>");
  isSpendable @13 (context :Proxy.Context, destination :Data $Rust.holds("bitcoin::ScriptBuf")) -> (result :Bool);
  setAddressBook @14 (context :Proxy.Context, destination :Data $Rust.holds("bitcoin::ScriptBuf"), label :Text,
      purpose :AddressPurpose, hasPurpose :Bool)
      -> (result :Bool);
  delAddressBook @15 (context :Proxy.Context, destination :Data $Rust.holds("bitcoin::ScriptBuf")) -> (result :Bool);
  getAddress @16 (context :Proxy.Context, destination :Data $Rust.holds("bitcoin::ScriptBuf"))
      -> (result :AddressEntry $Rust.optional);
  getAddresses @17 (context :Proxy.Context, after :Data $Rust.holds("bitcoin::ScriptBuf") $Rust.optional, limit :UInt32)
      -> (result :List(AddressEntry));
  getAddressReceiveRequests @18 (context :Proxy.Context) -> (result :List(Data));
  setAddressReceiveRequest @19 (context :Proxy.Context, destination :Data $Rust.holds("bitcoin::ScriptBuf"), id :Text,
      value :Data)
      -> (result :Bool);
  displayAddress @20 (context :Proxy.Context, destination :Data $Rust.holds("bitcoin::ScriptBuf"))
      -> (result :Text $Rust.holds("Result<(), interfaces::Refusal>"));
  lockCoin @21 (context :Proxy.Context, outpoint :Data $Rust.holds("bitcoin::OutPoint"), persist :Bool)
      -> (result :Bool);
  unlockCoin @22 (context :Proxy.Context, outpoint :Data $Rust.holds("bitcoin::OutPoint")) -> (result :Bool);
  isLockedCoin @23 (context :Proxy.Context, outpoint :Data $Rust.holds("bitcoin::OutPoint")) -> (result :Bool);
  listLockedCoins @24 (context :Proxy.Context) -> (result :List(Data) $Rust.holds("bitcoin::OutPoint"));
  createTransaction @25 (context :Proxy.Context, recipients :List(Recipient), control :CoinControl, sign :Bool,
      changePosition :UInt32, hasChangePosition :Bool)
      -> (result :CreatedTransaction, refusal :Text)
      $Rust.returns("Result<interfaces::CreatedTransaction, interfaces::Refusal>");
  commitTransaction @26 (context :Proxy.Context, transaction :Data $Rust.holds("bitcoin::Transaction"),
      comments :List(Comment), orderForm :List(Comment))
      -> ();
  transactionCanBeAbandoned @27 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid")) -> (result :Bool);
  abandonTransaction @28 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid")) -> (result :Bool);
  transactionCanBeBumped @29 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid")) -> (result :Bool);
  createBumpTransaction @30 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid"), control :CoinControl)
      -> (result :BumpTransaction, refusal :Text)
      $Rust.returns("Result<interfaces::BumpTransaction, interfaces::Refusal>");
  signBumpTransaction @31 (context :Proxy.Context, transaction :Data $Rust.holds("bitcoin::Transaction"))
      -> (result :Data $Rust.holds("bitcoin::Transaction") $Rust.optional);
  commitBumpTransaction @32 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid"),
      transaction :Data $Rust.holds("bitcoin::Transaction"))
      -> (result :Data $Rust.holds("bitcoin::Txid"), refusal :Text)
      $Rust.returns("Result<bitcoin::Txid, interfaces::Refusal>");
  getTx @33 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid"))
      -> (result :Data $Rust.holds("bitcoin::Transaction") $Rust.optional);
  getWalletTx @34 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid"))
      -> (result :WalletTx $Rust.optional);
  getWalletTxs @35 (context :Proxy.Context, after :Data $Rust.holds("bitcoin::Txid") $Rust.optional, limit :UInt32)
      -> (result :List(WalletTx));
  tryGetTxStatus @36 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid"))
      -> (result :TxStatusAt $Rust.optional);
  getWalletTxDetails @37 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid"))
      -> (result :WalletTxDetails $Rust.optional);
  fillPsbt @38 (context :Proxy.Context, psbt :Data $Rust.holds("bitcoin::Psbt"), options :PsbtOptions)
      -> (result :FilledPsbt, refusal :Text) $Rust.returns("Result<interfaces::FilledPsbt, interfaces::Refusal>");
  getBalances @39 (context :Proxy.Context) -> (result :WalletBalances);
  tryGetBalances @40 (context :Proxy.Context) -> (result :BalancesAt $Rust.optional);
  getBalance @41 (context :Proxy.Context) -> (result :Int64 $Rust.holds("bitcoin::Amount"));
  getAvailableBalance @42 (context :Proxy.Context, control :CoinControl)
      -> (result :Int64 $Rust.holds("bitcoin::Amount"));
  txinIsMine @43 (context :Proxy.Context, outpoint :Data $Rust.holds("bitcoin::OutPoint")) -> (result :Bool);
  txoutIsMine @44 (context :Proxy.Context, output :Data $Rust.holds("bitcoin::TxOut")) -> (result :Bool);
  getDebit @45 (context :Proxy.Context, outpoint :Data $Rust.holds("bitcoin::OutPoint"))
      -> (result :Int64 $Rust.holds("bitcoin::Amount"));
  getCredit @46 (context :Proxy.Context, output :Data $Rust.holds("bitcoin::TxOut"))
      -> (result :Int64 $Rust.holds("bitcoin::Amount"));
  listCoins @47 (context :Proxy.Context, after :Data $Rust.holds("bitcoin::OutPoint") $Rust.optional, limit :UInt32)
      -> (result :List(WalletCoin));
  getCoins @48 (context :Proxy.Context, outpoints :List(Data) $Rust.holds("bitcoin::OutPoint"))
      -> (result :List(WalletTxOut) $Rust.holds("Option<interfaces::WalletTxOut>"));
  getRequiredFee @49 (context :Proxy.Context, virtualBytes :UInt64) -> (result :Int64 $Rust.holds("bitcoin::Amount"));
  getMinimumFee @50 (context :Proxy.Context, virtualBytes :UInt64, control :CoinControl) -> (result :MinimumFee);
  getConfirmTarget @51 (context :Proxy.Context) -> (result :UInt32);
  hdEnabled @52 (context :Proxy.Context) -> (result :Bool);
  canGetAddresses @53 (context :Proxy.Context) -> (result :Bool);
  privateKeysDisabled @54 (context :Proxy.Context) -> (result :Bool);
  taprootEnabled @55 (context :Proxy.Context) -> (result :Bool);
  hasExternalSigner @56 (context :Proxy.Context) -> (result :Bool);
  getDefaultAddressType @57 (context :Proxy.Context) -> (result :OutputKind);
  getDefaultMaxTxFee @58 (context :Proxy.Context) -> (result :Int64 $Rust.holds("bitcoin::Amount"));
  remove @59 (context :Proxy.Context) -> ();
  handleEvents @60 (context :Proxy.Context, events :WalletEvents) -> (result :Handler.Handler);
}

interface WalletEvents {
  # Hears of what happens in a wallet, one event at a time. An error ends the subscription.

  destroy @0 (context :Proxy.Context) -> ();
  unload @1 (context :Proxy.Context) -> ();
  showProgress @2 (context :Proxy.Context, title :Text, percent :UInt8) -> ();
  statusChanged @3 (context :Proxy.Context) -> ();
  addressBookChanged @4 (context :Proxy.Context, entry :AddressEntry, change :ChangeKind) -> ();
  transactionChanged @5 (context :Proxy.Context, txid :Data $Rust.holds("bitcoin::Txid"), change :ChangeKind) -> ();
  canGetAddressesChanged @6 (context :Proxy.Context) -> ();
}

enum OutputKind {
  # The kinds of addresses that a wallet makes.

  legacy @0;
  p2shSegwit @1;
  bech32 @2;
  bech32m @3;
}

enum AddressPurpose {
  # What an address in the book is for.

  receive @0;
  send @1;
  refund @2;
}

struct AddressEntry {
  # An address in the book. An address is the script that pays to it, which holds for each network.

  destination @0 :Data $Rust.holds("bitcoin::ScriptBuf");
  label @1 :Text;
  isMine @2 :Bool;
  purpose @3 :AddressPurpose;
  hasPurpose @4 :Bool;
}

struct WalletTxOut {
  # An output that belongs to a wallet.

  output @0 :Data $Rust.holds("bitcoin::TxOut");
  time @1 :Int64 $Rust.holds("interfaces::UnixTime");
  depth @2 :Int32;
  isSpent @3 :Bool;
}

struct WalletCoin {
  # An output that can be spent, listed below the address that people know it by.

  outpoint @0 :Data $Rust.holds("bitcoin::OutPoint");
  group @1 :Data $Rust.holds("bitcoin::ScriptBuf");
  coin @2 :WalletTxOut;
}

struct WalletBalances {
  # A wallet's money.

  trusted @0 :Int64 $Rust.holds("bitcoin::Amount");
  untrustedPending @1 :Int64 $Rust.holds("bitcoin::Amount");
  immature @2 :Int64 $Rust.holds("bitcoin::Amount");
  used @3 :Int64 $Rust.holds("bitcoin::Amount");
  hasUsed @4 :Bool;
}

struct BalancesAt {
  # A wallet's money as of a block.

  balances @0 :WalletBalances;
  block @1 :Data $Rust.holds("bitcoin::BlockHash");
}

struct Recipient {
  # Somebody to pay.

  destination @0 :Data $Rust.holds("bitcoin::ScriptBuf");
  amount @1 :Int64 $Rust.holds("bitcoin::Amount");
  subtractFee @2 :Bool;
}

struct SelectedInput {
  # An input that the caller has chosen.

  outpoint @0 :Data $Rust.holds("bitcoin::OutPoint");
  output @1 :Data $Rust.holds("bitcoin::TxOut") $Rust.optional;
  sequence @2 :UInt32;
  hasSequence @3 :Bool;
  weight @4 :UInt64;
  hasWeight @5 :Bool;
}

struct CoinControl {
  # How a transaction is put together. The default leaves everything to the wallet.

  inputs @0 :List(SelectedInput);
  allowOtherInputs @1 :Bool;
  includeUnsafeInputs @2 :Bool;
  avoidPartialSpends @3 :Bool;
  avoidAddressReuse @4 :Bool;
  minDepth @5 :UInt32;
  maxDepth @6 :UInt32;
  hasMaxDepth @7 :Bool;
  changeDestination @8 :Data $Rust.holds("bitcoin::ScriptBuf") $Rust.optional;
  changeKind @9 :OutputKind;
  hasChangeKind @10 :Bool;
  feeRate @11 :UInt64 $Rust.holds("interfaces::FeeRate");
  hasFeeRate @12 :Bool;
  confirmTarget @13 :UInt32;
  hasConfirmTarget @14 :Bool;
  feeMode @15 :Chain.FeeEstimateMode;
  signalRbf @16 :Bool;
  hasSignalRbf @17 :Bool;
  lockTime @18 :UInt32;
  hasLockTime @19 :Bool;
  maxWeight @20 :UInt64;
  hasMaxWeight @21 :Bool;
}

struct CreatedTransaction {
  # A transaction that was put together.

  transaction @0 :Data $Rust.holds("bitcoin::Transaction");
  fee @1 :Int64 $Rust.holds("bitcoin::Amount");
  changePosition @2 :UInt32;
  hasChangePosition @3 :Bool;
}

struct BumpTransaction {
  # A transaction that takes the place of another.

  transaction @0 :Data $Rust.holds("bitcoin::Transaction");
  oldFee @1 :Int64 $Rust.holds("bitcoin::Amount");
  newFee @2 :Int64 $Rust.holds("bitcoin::Amount");
}

struct MinimumFee {
  # The least that a transaction should pay.

  fee @0 :Int64 $Rust.holds("bitcoin::Amount");
  targetBlocks @1 :UInt32;
  hasTargetBlocks @2 :Bool;
  reason @3 :Chain.FeeReason;
}

struct Comment {
  # A value with a name, for people.

  name @0 :Text;
  value @1 :Text;
}

struct OutputView {
  # An output as the wallet sees it.

  isMine @0 :Bool;
  isChange @1 :Bool;
  destination @2 :Data $Rust.holds("bitcoin::ScriptBuf") $Rust.optional;
}

struct WalletTx {
  # A transaction that a wallet has part in.

  transaction @0 :Data $Rust.holds("bitcoin::Transaction");
  inputsMine @1 :List(Bool);
  outputs @2 :List(OutputView);
  credit @3 :Int64 $Rust.holds("bitcoin::Amount");
  debit @4 :Int64 $Rust.holds("bitcoin::Amount");
  change @5 :Int64 $Rust.holds("bitcoin::Amount");
  time @6 :Int64 $Rust.holds("interfaces::UnixTime");
  comments @7 :List(Comment);
  isCoinbase @8 :Bool;
}

struct WalletTxStatus {
  # How far a transaction has got.

  blockHeight @0 :UInt32;
  hasBlockHeight @1 :Bool;
  blocksToMaturity @2 :UInt32;
  depth @3 :Int32;
  timeReceived @4 :Int64 $Rust.holds("interfaces::UnixTime");
  lockTime @5 :UInt32;
  isTrusted @6 :Bool;
  isAbandoned @7 :Bool;
  isCoinbase @8 :Bool;
  isInMainChain @9 :Bool;
  isAssumed @10 :Bool;
}

struct TxStatusAt {
  # A transaction's state as of the last block that the wallet has taken into account.

  status @0 :WalletTxStatus;
  height @1 :UInt32;
  time @2 :Int64 $Rust.holds("interfaces::UnixTime");
}

struct WalletTxDetails {
  # All that a wallet knows of a transaction.

  transaction @0 :WalletTx;
  status @1 :TxStatusAt;
  orderForm @2 :List(Comment);
  inMempool @3 :Bool;
}

struct FilledPsbt {
  # A transaction under construction that a wallet has worked on.

  psbt @0 :Data $Rust.holds("bitcoin::Psbt");
  nSigned @1 :UInt64;
  isComplete @2 :Bool;
}

struct PsbtOptions {
  # What a PSBT is filled with.

  sign @0 :Bool;
  sighash @1 :UInt32;
  hasSighash @2 :Bool;
  bip32Derivations @3 :Bool;
  finalize @4 :Bool;
}

enum ChangeKind {
  # What happened to something.

  new @0;
  updated @1;
  deleted @2;
}

struct LoadedWallet {
  # A wallet that was loaded, and what people should know about it.

  wallet @0 :Wallet;
  warnings @1 :List(Text);
}

struct WalletFile {
  # A wallet in the directory.

  name @0 :Text;
  format @1 :Text;
}

struct WalletFlags {
  # What a new wallet is like. The default is the usual one.

  disablePrivateKeys @0 :Bool;
  blank @1 :Bool;
  avoidReuse @2 :Bool;
  externalSigner @3 :Bool;
}
