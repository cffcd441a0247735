//! Results that may be refusals, and elements of lists that may be absent.

#![allow(
    unused_variables,
    reason = "written alike for results that may hold objects and those that do not"
)]

use std::rc::Rc;

use bitcoin::{ScriptBuf, Txid};
use interfaces::{
    BumpTransaction, Coin, CreatedTransaction, FilledPsbt, Json, LoadedWallet, Refusal, RpcFailure,
    StartedAt, WalletTxOut,
};

use super::{Bytes, Structure, Words};
use crate::connection::Connection;
use crate::schema::chain_capnp::{coin, rpc_failure, rpc_method};
use crate::schema::node_capnp::{node, started_at};
use crate::schema::wallet_capnp::{
    bump_transaction, created_transaction, filled_psbt, loaded_wallet, wallet, wallet_loader, wallet_tx_out,
};

/// Reads field `result`, by what it is on the wire.
macro_rules! read_result {
    ($reader:ident, $connection:ident, words) => {
        Words::read($reader.get_result()?)
    };
    ($reader:ident, $connection:ident, bytes) => {
        Bytes::read($reader.get_result()?)
    };
    ($reader:ident, $connection:ident, $structure:ident) => {
        Structure::<$structure::Owned>::read($reader.get_result()?, $connection)
    };
}

/// Fills field `result`, by what it is on the wire.
macro_rules! fill_result {
    ($value:ident, $builder:ident, $connection:ident, words) => {
        $builder.set_result(&*Words::write(&$value))
    };
    ($value:ident, $builder:ident, $connection:ident, bytes) => {
        $builder.set_result(&Bytes::write(&$value))
    };
    ($value:ident, $builder:ident, $connection:ident, $structure:ident) => {
        Structure::<$structure::Owned>::fill($value, $builder.init_result(), $connection)?
    };
}

/// Methods that are refused with a text, which is empty where they are not.
macro_rules! refusals {
    ($($results:ident of $interface:ident: $value:ty as $wire:ident,)*) => {$(
        impl Structure<$interface::$results::Owned> for Result<$value, Refusal> {
            fn read(
                reader: $interface::$results::Reader<'_>,
                connection: &Rc<Connection>,
            ) -> capnp::Result<Self> {
                match <Result<(), Refusal> as Words>::read(reader.get_refusal()?)? {
                    Ok(()) => read_result!(reader, connection, $wire).map(Ok),
                    Err(refusal) => Ok(Err(refusal)),
                }
            }

            fn fill(
                self,
                mut builder: $interface::$results::Builder<'_>,
                connection: &Rc<Connection>,
            ) -> capnp::Result<()> {
                match self {
                    Ok(value) => fill_result!(value, builder, connection, $wire),
                    Err(refusal) => builder.set_refusal(&*Words::write(&Err::<(), _>(refusal))),
                }
                Ok(())
            }
        }
    )*};
}

refusals! {
    start_results of node: StartedAt as started_at,
    create_wallet_results of wallet_loader: LoadedWallet as loaded_wallet,
    load_wallet_results of wallet_loader: LoadedWallet as loaded_wallet,
    restore_wallet_results of wallet_loader: LoadedWallet as loaded_wallet,
    get_new_destination_results of wallet: ScriptBuf as bytes,
    sign_message_results of wallet: String as words,
    create_transaction_results of wallet: CreatedTransaction as created_transaction,
    create_bump_transaction_results of wallet: BumpTransaction as bump_transaction,
    commit_bump_transaction_results of wallet: Txid as bytes,
    fill_psbt_results of wallet: FilledPsbt as filled_psbt,
}

/// RPC methods, which answer with JSON or with an error.
macro_rules! failures {
    ($($results:ident of $interface:ident,)*) => {$(
        impl Structure<$interface::$results::Owned> for Result<Json, RpcFailure> {
            fn read(
                reader: $interface::$results::Reader<'_>,
                connection: &Rc<Connection>,
            ) -> capnp::Result<Self> {
                if reader.has_failure() {
                    return Structure::<rpc_failure::Owned>::read(reader.get_failure()?, connection).map(Err);
                }
                read_result!(reader, connection, words).map(Ok)
            }

            fn fill(
                self,
                mut builder: $interface::$results::Builder<'_>,
                connection: &Rc<Connection>,
            ) -> capnp::Result<()> {
                match self {
                    Ok(value) => fill_result!(value, builder, connection, words),
                    Err(failure) => {
                        Structure::<rpc_failure::Owned>::fill(failure, builder.init_failure(), connection)?;
                    }
                }
                Ok(())
            }
        }
    )*};
}

failures! {
    call_results of rpc_method,
    execute_rpc_results of node,
}

/// Elements of lists, absent where they have no output.
macro_rules! absences {
    ($($structure:ident: $value:ty,)*) => {$(
        impl Structure<$structure::Owned> for Option<$value> {
            fn read(reader: $structure::Reader<'_>, connection: &Rc<Connection>) -> capnp::Result<Self> {
                if !reader.has_output() {
                    return Ok(None);
                }
                Structure::<$structure::Owned>::read(reader, connection).map(Some)
            }

            fn fill(self, builder: $structure::Builder<'_>, connection: &Rc<Connection>) -> capnp::Result<()> {
                match self {
                    Some(value) => Structure::<$structure::Owned>::fill(value, builder, connection),
                    None => Ok(()),
                }
            }
        }
    )*};
}

absences! {
    coin: Coin,
    wallet_tx_out: WalletTxOut,
}
