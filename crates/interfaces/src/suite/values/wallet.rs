//! The types of wallets.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::LoadedWallet;
use crate::suite::crossing::{Crossing, choices, structures};
use crate::suite::draw::Draw;
use crate::suite::objects::Object;

structures! {
    AddressEntry { destination, label, is_mine, purpose }
    WalletTxOut { output, time, depth, is_spent }
    WalletCoin { outpoint, group, coin }
    WalletBalances { trusted, untrusted_pending, immature, used }
    BalancesAt { balances, block }
    Recipient { destination, amount, subtract_fee }
    SelectedInput { outpoint, output, sequence, weight }
    CoinControl {
        inputs, allow_other_inputs, include_unsafe_inputs, avoid_partial_spends, avoid_address_reuse, min_depth,
        max_depth, change_destination, change_kind, fee_rate, confirm_target, fee_mode, signal_rbf, lock_time,
        max_weight
    }
    CreatedTransaction { transaction, fee, change_position }
    BumpTransaction { transaction, old_fee, new_fee }
    MinimumFee { fee, target_blocks, reason }
    Comment { name, value }
    OutputView { is_mine, is_change, destination }
    WalletTx { transaction, inputs_mine, outputs, credit, debit, change, time, comments, is_coinbase }
    WalletTxStatus {
        block_height, blocks_to_maturity, depth, time_received, lock_time, is_trusted, is_abandoned, is_coinbase,
        is_in_main_chain, is_assumed
    }
    TxStatusAt { status, height, time }
    WalletTxDetails { transaction, status, order_form, in_mempool }
    FilledPsbt { psbt, n_signed, is_complete }
    PsbtOptions { sign, sighash, bip32_derivations, finalize }
    WalletFile { name, format }
    WalletFlags { disable_private_keys, blank, avoid_reuse, external_signer }
}

choices! {
    OutputKind { Legacy, P2shSegwit, Bech32, Bech32m }
    AddressPurpose { Receive, Send, Refund }
    ChangeKind { New, Updated, Deleted }
}

impl Crossing for LoadedWallet {
    fn draw(draw: &mut Draw) -> Self {
        Self {
            wallet: Crossing::draw(draw),
            warnings: Crossing::draw(draw),
        }
    }

    fn describe(&self) -> BoxFuture<'_, String> {
        async move { format!("{} {:?}", self.wallet.describe().await, self.warnings) }.boxed()
    }

    fn take_objects(self, objects: &mut Vec<Object>) {
        self.wallet.take_objects(objects);
    }
}
