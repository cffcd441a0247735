//! Wallets, their events and their loaders.

use std::sync::Arc;

use bitcoin::{Amount, OutPoint, Psbt, PubkeyHash, PublicKey, ScriptBuf, Transaction, TxOut, Txid};

use crate::suite::objects::interface;
use crate::{
    AddressEntry, AddressPurpose, BalancesAt, BumpTransaction, ChangeKind, CoinControl, Comment,
    CreatedTransaction, FilledPsbt, LoadedWallet, MinimumFee, OutputKind, PsbtOptions, Recipient, Refusal,
    Secret, TxStatusAt, WalletBalances, WalletCoin, WalletFile, WalletFlags, WalletTx, WalletTxDetails,
    WalletTxOut,
};

interface! {
    Wallet in wallet, described by the first {
        encrypt_wallet(passphrase: Secret) -> Result<(), Refusal>;
        is_crypted() -> bool;
        lock() -> bool;
        unlock(passphrase: Secret) -> bool;
        is_locked() -> bool;
        change_wallet_passphrase(old: Secret, new: Secret) -> bool;
        abort_rescan() -> ();
        backup_wallet(path: String) -> Result<(), Refusal>;
        get_wallet_name() -> String;
        get_new_destination(kind: OutputKind, label: String) -> Result<ScriptBuf, Refusal>;
        get_pub_key(script: ScriptBuf, key: PubkeyHash) -> Option<PublicKey>;
        sign_message(message: String, key: PubkeyHash) -> Result<String, Refusal>;
        is_spendable(destination: ScriptBuf) -> bool;
        set_address_book(destination: ScriptBuf, label: String, purpose: Option<AddressPurpose>) -> bool;
        del_address_book(destination: ScriptBuf) -> bool;
        get_address(destination: ScriptBuf) -> Option<AddressEntry>;
        get_addresses(after: Option<ScriptBuf>, limit: u32) -> Vec<AddressEntry>;
        get_address_receive_requests() -> Vec<Vec<u8>>;
        set_address_receive_request(destination: ScriptBuf, id: String, value: Vec<u8>) -> bool;
        display_address(destination: ScriptBuf) -> Result<(), Refusal>;
        lock_coin(outpoint: OutPoint, persist: bool) -> bool;
        unlock_coin(outpoint: OutPoint) -> bool;
        is_locked_coin(outpoint: OutPoint) -> bool;
        list_locked_coins() -> Vec<OutPoint>;
        create_transaction(recipients: Vec<Recipient>, control: CoinControl, sign: bool, change_position: Option<u32>) -> Result<CreatedTransaction, Refusal>;
        commit_transaction(transaction: Transaction, comments: Vec<Comment>, order_form: Vec<Comment>) -> ();
        transaction_can_be_abandoned(txid: Txid) -> bool;
        abandon_transaction(txid: Txid) -> bool;
        transaction_can_be_bumped(txid: Txid) -> bool;
        create_bump_transaction(txid: Txid, control: CoinControl) -> Result<BumpTransaction, Refusal>;
        sign_bump_transaction(transaction: Transaction) -> Option<Transaction>;
        commit_bump_transaction(txid: Txid, transaction: Transaction) -> Result<Txid, Refusal>;
        get_tx(txid: Txid) -> Option<Transaction>;
        get_wallet_tx(txid: Txid) -> Option<WalletTx>;
        get_wallet_txs(after: Option<Txid>, limit: u32) -> Vec<WalletTx>;
        try_get_tx_status(txid: Txid) -> Option<TxStatusAt>;
        get_wallet_tx_details(txid: Txid) -> Option<WalletTxDetails>;
        fill_psbt(psbt: Psbt, options: PsbtOptions) -> Result<FilledPsbt, Refusal>;
        get_balances() -> WalletBalances;
        try_get_balances() -> Option<BalancesAt>;
        get_balance() -> Amount;
        get_available_balance(control: CoinControl) -> Amount;
        txin_is_mine(outpoint: OutPoint) -> bool;
        txout_is_mine(output: TxOut) -> bool;
        get_debit(outpoint: OutPoint) -> Amount;
        get_credit(output: TxOut) -> Amount;
        list_coins(after: Option<OutPoint>, limit: u32) -> Vec<WalletCoin>;
        get_coins(outpoints: Vec<OutPoint>) -> Vec<Option<WalletTxOut>>;
        get_required_fee(virtual_bytes: u64) -> Amount;
        get_minimum_fee(virtual_bytes: u64, control: CoinControl) -> MinimumFee;
        get_confirm_target() -> u32;
        hd_enabled() -> bool;
        can_get_addresses() -> bool;
        private_keys_disabled() -> bool;
        taproot_enabled() -> bool;
        has_external_signer() -> bool;
        get_default_address_type() -> OutputKind;
        get_default_max_tx_fee() -> Amount;
        remove() -> ();
        handle_events(events: Arc<dyn crate::WalletEvents>) -> Arc<dyn crate::Handler>;
    }
}

interface! {
    WalletEvents in wallet_events, described by all {
        unload() -> ();
        show_progress(title: String, percent: u8) -> ();
        status_changed() -> ();
        address_book_changed(entry: AddressEntry, change: ChangeKind) -> ();
        transaction_changed(txid: Txid, change: ChangeKind) -> ();
        can_get_addresses_changed() -> ();
    }
}

interface! {
    WalletLoader in wallet_loader, described by the first {
        register_rpcs() -> ();
        verify() -> Result<(), Refusal>;
        load() -> Result<(), Refusal>;
        start() -> ();
        flush() -> ();
        stop() -> ();
        create_wallet(name: String, passphrase: Secret, flags: WalletFlags) -> Result<LoadedWallet, Refusal>;
        load_wallet(name: String) -> Result<LoadedWallet, Refusal>;
        restore_wallet(path: String, name: String) -> Result<LoadedWallet, Refusal>;
        get_wallet_dir() -> String;
        list_wallet_dir() -> Vec<WalletFile>;
        get_wallets() -> Vec<Arc<dyn crate::Wallet>>;
        handle_load_wallet(listener: Arc<dyn crate::LoadWalletListener>) -> Arc<dyn crate::Handler>;
    }
}

interface! {
    LoadWalletListener in load_wallet_listener, described by all {
        wallet_loaded(wallet: Arc<dyn crate::Wallet>) -> ();
    }
}
