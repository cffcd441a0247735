//! What a user interface asks of a wallet.

mod address;
mod coins;
mod events;
mod transaction;

use std::sync::Arc;

use async_trait::async_trait;
use bitcoin::{Amount, OutPoint, Psbt, PubkeyHash, PublicKey, ScriptBuf, Transaction, TxOut, Txid};

pub use address::{AddressEntry, AddressPurpose, OutputKind};
pub use coins::{
    BalancesAt, BumpTransaction, CoinControl, CreatedTransaction, MinimumFee, Recipient, SelectedInput,
    WalletBalances, WalletCoin, WalletTxOut,
};
pub use events::{ChangeKind, WalletEvents};
pub use transaction::{
    Comment, FilledPsbt, OutputView, PsbtOptions, TxStatusAt, WalletTx, WalletTxDetails, WalletTxStatus,
};

use crate::{Handler, InterfaceError, Refusal, Secret};

/// A wallet that is loaded.
///
/// Addresses are the scripts that pay to them. Long lists come in pages: a page holds the entries after `after` in the
/// list's order (`None`: from its beginning), `limit` at most and possibly fewer; the list ends with the empty page.
///
/// # Errors
/// Each method fails with whatever a remote call can fail with.
#[async_trait]
pub trait Wallet: Send + Sync {
    /// Encrypts the private keys, which cannot be undone, and locks the wallet.
    async fn encrypt_wallet(&self, passphrase: Secret) -> Result<Result<(), Refusal>, InterfaceError>;

    /// Whether the private keys are encrypted.
    async fn is_crypted(&self) -> Result<bool, InterfaceError>;

    /// Forgets the key of the private keys, and returns whether it did: not where the wallet is not encrypted or busy
    /// with a rescan that needs it.
    async fn lock(&self) -> Result<bool, InterfaceError>;

    /// Makes the private keys usable, and returns whether the passphrase is the right one.
    async fn unlock(&self, passphrase: Secret) -> Result<bool, InterfaceError>;

    /// Whether the private keys are encrypted and not usable.
    async fn is_locked(&self) -> Result<bool, InterfaceError>;

    /// Puts another passphrase in the place of the old, and returns whether the old one is the right one.
    async fn change_wallet_passphrase(&self, old: Secret, new: Secret) -> Result<bool, InterfaceError>;

    /// Ends a rescan that is under way.
    async fn abort_rescan(&self) -> Result<(), InterfaceError>;

    /// Copies the wallet to `path`, on the machine that the wallet is on: a file, or a directory to put one into.
    async fn backup_wallet(&self, path: String) -> Result<Result<(), Refusal>, InterfaceError>;

    /// The wallet's name, which may be empty.
    async fn get_wallet_name(&self) -> Result<String, InterfaceError>;

    /// A new address to be paid at.
    async fn get_new_destination(
        &self,
        kind: OutputKind,
        label: String,
    ) -> Result<Result<ScriptBuf, Refusal>, InterfaceError>;

    /// The key with this hash that `script` needs; `None` where the wallet does not know it.
    async fn get_pub_key(
        &self,
        script: ScriptBuf,
        key: PubkeyHash,
    ) -> Result<Option<PublicKey>, InterfaceError>;

    /// Signs `message` with a key, and returns the signature in base 64.
    async fn sign_message(
        &self,
        message: String,
        key: PubkeyHash,
    ) -> Result<Result<String, Refusal>, InterfaceError>;

    /// Whether the wallet can spend what is paid to the address, once it is unlocked.
    async fn is_spendable(&self, destination: ScriptBuf) -> Result<bool, InterfaceError>;

    /// Puts an address into the book, or changes it, and returns whether that was written. `None` leaves the purpose as
    /// it is.
    async fn set_address_book(
        &self,
        destination: ScriptBuf,
        label: String,
        purpose: Option<AddressPurpose>,
    ) -> Result<bool, InterfaceError>;

    /// Takes an address from the book, and returns whether it did: not where the wallet can be paid there.
    async fn del_address_book(&self, destination: ScriptBuf) -> Result<bool, InterfaceError>;

    /// An address in the book; `None` where it is not in it.
    async fn get_address(&self, destination: ScriptBuf) -> Result<Option<AddressEntry>, InterfaceError>;

    /// A page of the book, ordered by script.
    async fn get_addresses(
        &self,
        after: Option<ScriptBuf>,
        limit: u32,
    ) -> Result<Vec<AddressEntry>, InterfaceError>;

    /// The payment requests that were kept, in the form in which they were.
    async fn get_address_receive_requests(&self) -> Result<Vec<Vec<u8>>, InterfaceError>;

    /// Keeps a payment request for an address under `id`, or removes it where `value` is empty, and returns whether
    /// that was written.
    async fn set_address_receive_request(
        &self,
        destination: ScriptBuf,
        id: String,
        value: Vec<u8>,
    ) -> Result<bool, InterfaceError>;

    /// Shows an address on the external signer.
    async fn display_address(&self, destination: ScriptBuf) -> Result<Result<(), Refusal>, InterfaceError>;

    /// Keeps an output from being spent, with `persist` also after the wallet is loaded anew. Returns whether that was
    /// written.
    async fn lock_coin(&self, outpoint: OutPoint, persist: bool) -> Result<bool, InterfaceError>;

    /// Lets an output be spent again, and returns whether that was written.
    async fn unlock_coin(&self, outpoint: OutPoint) -> Result<bool, InterfaceError>;

    /// Whether an output is kept from being spent.
    async fn is_locked_coin(&self, outpoint: OutPoint) -> Result<bool, InterfaceError>;

    /// The outputs that are kept from being spent.
    async fn list_locked_coins(&self) -> Result<Vec<OutPoint>, InterfaceError>;

    /// Puts a transaction together, with its change at `change_position` (`None`: somewhere). With `sign` it is signed,
    /// which the wallet must be unlocked for. It is neither kept nor sent.
    async fn create_transaction(
        &self,
        recipients: Vec<Recipient>,
        control: CoinControl,
        sign: bool,
        change_position: Option<u32>,
    ) -> Result<Result<CreatedTransaction, Refusal>, InterfaceError>;

    /// Keeps a transaction, and sends it.
    async fn commit_transaction(
        &self,
        transaction: Transaction,
        comments: Vec<Comment>,
        order_form: Vec<Comment>,
    ) -> Result<(), InterfaceError>;

    /// Whether the transaction may be given up: it is neither in a block nor in the mempool.
    async fn transaction_can_be_abandoned(&self, txid: Txid) -> Result<bool, InterfaceError>;

    /// Gives a transaction up, so that its inputs can be spent otherwise, and returns whether it could.
    async fn abandon_transaction(&self, txid: Txid) -> Result<bool, InterfaceError>;

    /// Whether the transaction may be replaced by one that pays more.
    async fn transaction_can_be_bumped(&self, txid: Txid) -> Result<bool, InterfaceError>;

    /// Puts a transaction together that pays more than the one in whose place it is.
    async fn create_bump_transaction(
        &self,
        txid: Txid,
        control: CoinControl,
    ) -> Result<Result<BumpTransaction, Refusal>, InterfaceError>;

    /// Signs it; `None` where the wallet cannot.
    async fn sign_bump_transaction(
        &self,
        transaction: Transaction,
    ) -> Result<Option<Transaction>, InterfaceError>;

    /// Keeps and sends `transaction` in the place of `txid`, and returns its id.
    async fn commit_bump_transaction(
        &self,
        txid: Txid,
        transaction: Transaction,
    ) -> Result<Result<Txid, Refusal>, InterfaceError>;

    /// A transaction of the wallet; `None` where it has no part in it.
    async fn get_tx(&self, txid: Txid) -> Result<Option<Transaction>, InterfaceError>;

    /// The same with what the wallet knows of inputs, outputs and money.
    async fn get_wallet_tx(&self, txid: Txid) -> Result<Option<WalletTx>, InterfaceError>;

    /// A page of all transactions, ordered by id.
    async fn get_wallet_txs(&self, after: Option<Txid>, limit: u32) -> Result<Vec<WalletTx>, InterfaceError>;

    /// A transaction's state; `None` where the wallet is busy or has no part in it.
    async fn try_get_tx_status(&self, txid: Txid) -> Result<Option<TxStatusAt>, InterfaceError>;

    /// All that the wallet knows of a transaction; `None` where it has no part in it.
    async fn get_wallet_tx_details(&self, txid: Txid) -> Result<Option<WalletTxDetails>, InterfaceError>;

    /// Adds to `psbt` what the wallet knows.
    async fn fill_psbt(
        &self,
        psbt: Psbt,
        options: PsbtOptions,
    ) -> Result<Result<FilledPsbt, Refusal>, InterfaceError>;

    /// The wallet's money.
    async fn get_balances(&self) -> Result<WalletBalances, InterfaceError>;

    /// The same; `None` where the wallet is busy.
    async fn try_get_balances(&self) -> Result<Option<BalancesAt>, InterfaceError>;

    /// What can be spent.
    async fn get_balance(&self) -> Result<Amount, InterfaceError>;

    /// What a transaction put together that way can spend.
    async fn get_available_balance(&self, control: CoinControl) -> Result<Amount, InterfaceError>;

    /// Whether an input that spends `outpoint` takes from the wallet.
    async fn txin_is_mine(&self, outpoint: OutPoint) -> Result<bool, InterfaceError>;

    /// Whether `output` pays the wallet.
    async fn txout_is_mine(&self, output: TxOut) -> Result<bool, InterfaceError>;

    /// What an input that spends `outpoint` takes from the wallet; 0 where nothing.
    async fn get_debit(&self, outpoint: OutPoint) -> Result<Amount, InterfaceError>;

    /// What `output` pays the wallet; 0 where nothing.
    async fn get_credit(&self, output: TxOut) -> Result<Amount, InterfaceError>;

    /// A page of the outputs that can be spent, locked ones among them, ordered by where they are.
    async fn list_coins(
        &self,
        after: Option<OutPoint>,
        limit: u32,
    ) -> Result<Vec<WalletCoin>, InterfaceError>;

    /// The outputs at `outpoints`: one answer for each, in their order, `None` where the wallet does not know it.
    async fn get_coins(&self, outpoints: Vec<OutPoint>) -> Result<Vec<Option<WalletTxOut>>, InterfaceError>;

    /// What a transaction of that many virtual bytes must pay to be relayed.
    async fn get_required_fee(&self, virtual_bytes: u64) -> Result<Amount, InterfaceError>;

    /// What a transaction of that many virtual bytes should pay.
    async fn get_minimum_fee(
        &self,
        virtual_bytes: u64,
        control: CoinControl,
    ) -> Result<MinimumFee, InterfaceError>;

    /// Within how many blocks transactions should be confirmed, `-txconfirmtarget`.
    async fn get_confirm_target(&self) -> Result<u32, InterfaceError>;

    /// Whether keys are derived from one seed.
    async fn hd_enabled(&self) -> Result<bool, InterfaceError>;

    /// Whether new addresses can be made.
    async fn can_get_addresses(&self) -> Result<bool, InterfaceError>;

    /// Whether the wallet is one without private keys.
    async fn private_keys_disabled(&self) -> Result<bool, InterfaceError>;

    /// Whether it can make Taproot addresses.
    async fn taproot_enabled(&self) -> Result<bool, InterfaceError>;

    /// Whether its private keys are on an external signer.
    async fn has_external_signer(&self) -> Result<bool, InterfaceError>;

    /// The kind of addresses that it makes, `-addresstype`.
    async fn get_default_address_type(&self) -> Result<OutputKind, InterfaceError>;

    /// What a transaction may pay at most, `-maxtxfee`.
    async fn get_default_max_tx_fee(&self) -> Result<Amount, InterfaceError>;

    /// Unloads the wallet. It is not loaded at the next start.
    async fn remove(&self) -> Result<(), InterfaceError>;

    /// Tells `events` of what happens from now on, until the handler is dropped.
    async fn handle_events(&self, events: Arc<dyn WalletEvents>) -> Result<Arc<dyn Handler>, InterfaceError>;
}
