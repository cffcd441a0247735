//! Tokens that outputs hold beside their coins, and the rules that none comes from nowhere.
//!
//! What a transaction says of them, and what it proves of the NEVM, is read elsewhere.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use bitcoin::{Transaction, TxOut};
use thiserror::Error;

use super::asset::data_output;
use super::canonical::{check_canonical, check_size};
use super::{AssetParseError, Coin, TransactionKind, parse_allocation};
use crate::error::TransactionResult;
use crate::limits::money_range;
use crate::nevm::{MintContext, MintError, check_mint};
use crate::params::Params;

/// The token that coins become, and that becomes coins: one unit for each of theirs.
const SYSX: NonZeroU64 = NonZeroU64::new(123_456).expect("it is not zero");

/// Tokens that an output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// Which kind.
    pub asset: NonZeroU64,
    /// How many, in their smallest units.
    pub value: u64,
}

/// A transaction that moves tokens as it may not, by upstream's reject reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Where tokens go cannot be read.
    #[error(transparent)]
    Allocation(#[from] AssetParseError),
    /// The coins that it spends hold more of a kind than there can be.
    #[error("bad-txns-asset-inputvalues-outofrange")]
    InputsOutOfRange,
    /// Its outputs hold more of a kind than there can be.
    #[error("bad-txns-asset-out-outofrange")]
    OutputsOutOfRange,
    /// Its outputs hold other tokens than what it spends.
    #[error("bad-txns-asset-io-mismatch")]
    Unbalanced,
    /// Coins shall become tokens, and none are burnt.
    #[error("syscoin-burn-invalid-amount")]
    NoCoinsBurnt,
    /// Coins are burnt, and no output holds tokens for them.
    #[error("syscoin-burn-asset-output-notfound")]
    NoTokensMade,
    /// Not as many tokens are made as coins are burnt.
    #[error("syscoin-burn-mismatch-amount")]
    CoinsBurntMismatch,
    /// Tokens shall become coins or go to the NEVM, and none are burnt.
    #[error("assetallocation-invalid-burn-amount")]
    NoTokensBurnt,
    /// The output that burns tokens is the one that takes the coins for them.
    #[error("assetallocation-invalid-burn-index")]
    BurnIndex,
    /// Not as many coins are taken as tokens are burnt.
    #[error("assetallocation-mismatch-burn-amount")]
    TokensBurntMismatch,
    /// These tokens cannot become coins.
    #[error("assetallocation-invalid-sysx-asset")]
    OtherToken,
    /// Tokens of several kinds go to the NEVM, or come from there.
    #[error("assetallocation-single-asset")]
    SingleAsset,
    /// The data is not pushed as such, or something follows it.
    #[error("assetallocation-noncanonical-script")]
    NotCanonicalScript,
    /// The data could be written in another way.
    #[error("assetallocation-noncanonical-encoding")]
    NotCanonicalEncoding,
    /// Tokens of the kind 0 are named.
    #[error("assetallocation-null-asset")]
    NullAsset,
    /// A kind is named more than once.
    #[error("assetallocation-duplicate-asset")]
    DuplicateAsset,
    /// An output is named more than once.
    #[error("assetallocation-duplicate-output")]
    DuplicateOutput,
    /// Tokens go to the NEVM, and to no address there.
    #[error("assetallocation-invalid-nevm-destination")]
    Destination,
    /// Tokens go to the NEVM's address of zeros.
    #[error("assetallocation-null-nevm-destination")]
    NullDestination,
    /// Tokens go to the NEVM with too many inputs.
    #[error("assetallocation-nevm-too-many-inputs")]
    TooManyInputs,
    /// Tokens go to the NEVM with too many outputs.
    #[error("assetallocation-nevm-too-many-outputs")]
    TooManyOutputs,
    /// It does not prove that tokens were frozen on the NEVM.
    #[error(transparent)]
    Mint(#[from] MintError),
}

impl TokenError {
    /// How grave it is.
    #[must_use]
    pub fn result(&self) -> TransactionResult {
        TransactionResult::Consensus
    }

    /// Upstream's reject reason.
    #[must_use]
    pub fn reject_reason(&self) -> String {
        crate::error::reject_reason(self)
    }
}

/// What each output of a transaction holds, in their order; nothing where its version says that none does.
///
/// # Consensus
/// An output that is named more than once holds what is said last. Tokens of the kind 0 are none.
///
/// # Errors
/// [`AssetParseError`] if where tokens go cannot be read.
pub fn held_tokens(transaction: &Transaction) -> Result<Vec<Option<Tokens>>, AssetParseError> {
    if !TransactionKind::of(transaction).is_asset() {
        return Ok(Vec::new());
    }
    let mut held = vec![None; transaction.output.len()];
    for asset in parse_allocation(transaction)?.assets {
        for output in asset.outputs {
            held[output.index as usize] = NonZeroU64::new(asset.asset).map(|asset| Tokens {
                asset,
                value: output.value,
            });
        }
    }
    Ok(held)
}

/// The coins that a transaction makes in a block of this height, one for each output.
///
/// It is one that [`decode_transaction`](super::decode_transaction) could read: one of assets says what its outputs hold.
#[must_use]
pub fn made_coins(transaction: &Transaction, height: u32) -> Vec<Coin> {
    let held = held_tokens(transaction).unwrap_or_default();
    let is_coinbase = transaction.is_coinbase();
    let coin = |(place, output): (usize, &TxOut)| Coin {
        output: output.clone(),
        height,
        is_coinbase,
        tokens: held.get(place).copied().flatten().map(Box::new),
    };
    transaction.output.iter().enumerate().map(coin).collect()
}

/// Checks that a transaction may move the tokens that its coins hold, in a block of this height: upstream's
/// `CheckSyscoinInputs`.
///
/// The transaction must have passed [`check_inputs`](super::check_inputs) with these coins. `mint` is what is known for one
/// whose tokens come from the NEVM ([`Mint`](crate::nevm::Mint)), and is not looked at for others.
///
/// # Consensus
/// Since Nexus what a transaction of tokens spends and makes must be the same of each kind. What coins become, and what
/// comes from the NEVM, is excepted. Other transactions may spend tokens, which are then lost. Since ChainLocks have
/// receipts there is one way alone to say where tokens go.
///
/// # Errors
/// [`TokenError`] with the first rule that is broken.
pub fn check_tokens<'a>(
    transaction: &Transaction,
    coins: impl IntoIterator<Item = &'a Coin>,
    mint: &MintContext,
    height: u32,
    params: &Params,
) -> Result<(), TokenError> {
    if !params.heights.nexus.is_active(height) {
        return Ok(());
    }
    let mut spent = spent_tokens(coins)?;
    let held = held_tokens(transaction)?;
    let mut made = sums(held.iter().flatten(), TokenError::OutputsOutOfRange)?;
    let kind = TransactionKind::of(transaction);
    if !kind.is_asset() {
        return Ok(());
    }
    let is_strict = params.heights.chainlock_receipts.is_active(height);
    if is_strict {
        check_canonical(transaction, kind)?;
    }
    match kind {
        TransactionKind::AssetMint => {
            let frozen = check_mint(transaction, &held, mint, height, params)?;
            take_frozen(frozen, is_strict, &mut spent, &mut made)?;
        }
        TransactionKind::CoinToAsset => burn_coins(transaction, &mut spent, &mut made)?,
        TransactionKind::AssetToCoin => {
            let burnt = burnt_tokens(transaction, &held)?;
            take_coins(transaction, &burnt)?;
        }
        TransactionKind::AssetToNevm => {
            burnt_tokens(transaction, &held)?;
            if is_strict {
                check_size(transaction)?;
            }
        }
        _ => {}
    }
    if spent != made {
        return Err(TokenError::Unbalanced);
    }
    Ok(())
}

/// Checks that coins do not hold more tokens of a kind together than there can be: what a transaction of any version that
/// spends them is held to, since Nexus.
///
/// # Errors
/// [`TokenError::InputsOutOfRange`] if they do.
pub fn check_spent_tokens<'a>(coins: impl IntoIterator<Item = &'a Coin>) -> Result<(), TokenError> {
    spent_tokens(coins).map(drop)
}

fn spent_tokens<'a>(
    coins: impl IntoIterator<Item = &'a Coin>,
) -> Result<BTreeMap<NonZeroU64, u64>, TokenError> {
    let tokens = coins.into_iter().filter_map(|coin| coin.tokens.as_deref());
    sums(tokens, TokenError::InputsOutOfRange)
}

/// How many tokens there are of each kind.
fn sums<'a>(
    tokens: impl Iterator<Item = &'a Tokens>,
    out_of_range: TokenError,
) -> Result<BTreeMap<NonZeroU64, u64>, TokenError> {
    let mut sums = BTreeMap::new();
    for Tokens { asset, value } in tokens {
        let sum: &mut u64 = sums.entry(*asset).or_default();
        *sum = sum.saturating_add(*value);
        if !money_range(*sum) {
            return Err(out_of_range);
        }
    }
    Ok(sums)
}

/// Takes the tokens that burnt coins become out of what must be balanced.
fn burn_coins(
    transaction: &Transaction,
    spent: &mut BTreeMap<NonZeroU64, u64>,
    made: &mut BTreeMap<NonZeroU64, u64>,
) -> Result<(), TokenError> {
    let burnt = data_output(transaction)
        .map(|place| transaction.output[place].value.to_sat())
        .filter(|burnt| *burnt > 0)
        .ok_or(TokenError::NoCoinsBurnt)?;
    let made = made.remove(&SYSX).ok_or(TokenError::NoTokensMade)?;
    let spent = spent.remove(&SYSX).unwrap_or_default();
    if made.checked_sub(spent) != Some(burnt) {
        return Err(TokenError::CoinsBurntMismatch);
    }
    Ok(())
}

/// Takes the tokens that were frozen on the NEVM out of what must be balanced.
fn take_frozen(
    frozen: Tokens,
    is_strict: bool,
    spent: &mut BTreeMap<NonZeroU64, u64>,
    made: &mut BTreeMap<NonZeroU64, u64>,
) -> Result<(), MintError> {
    if is_strict && made.len() != 1 {
        return Err(MintError::SingleAsset);
    }
    if is_strict && !spent.is_empty() {
        return Err(MintError::SpendsTokens);
    }
    let made = made.remove(&frozen.asset).unwrap_or_default();
    let spent = spent.remove(&frozen.asset).unwrap_or_default();
    if made.checked_sub(spent) != Some(frozen.value) {
        return Err(MintError::Amount);
    }
    Ok(())
}

/// What the output with the data holds: nobody will ever spend that.
fn burnt_tokens(transaction: &Transaction, held: &[Option<Tokens>]) -> Result<(usize, Tokens), TokenError> {
    data_output(transaction)
        .and_then(|place| Some((place, held.get(place).copied().flatten()?)))
        .filter(|(_, tokens)| tokens.value > 0)
        .ok_or(TokenError::NoTokensBurnt)
}

/// Checks that the first output takes as many coins as tokens are burnt.
fn take_coins(transaction: &Transaction, (place, burnt): &(usize, Tokens)) -> Result<(), TokenError> {
    if *place == 0 {
        return Err(TokenError::BurnIndex);
    }
    if transaction.output[0].value.to_sat() != burnt.value {
        return Err(TokenError::TokensBurntMismatch);
    }
    if burnt.asset != SYSX {
        return Err(TokenError::OtherToken);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bitcoin::ScriptBuf;
    use bitcoin::consensus::encode::{VarInt, serialize};
    use bitcoin::opcodes::all::OP_RETURN;
    use bitcoin::script::{Builder, PushBytesBuf};

    use super::*;
    use crate::activation::Activation;
    use crate::compact::{compress_amount, write_number};
    use crate::limits::MAX_MONEY;
    use crate::network::Network;
    use crate::nevm::tests::Proof;
    use crate::transaction::check::tests::{output, transaction};

    const HEIGHT: u32 = 500;

    const SYSX: u64 = super::SYSX.get();

    fn tokens(asset: u64, value: u64) -> Tokens {
        let asset = NonZeroU64::new(asset).unwrap();
        Tokens { asset, value }
    }

    fn coin(held: Option<Tokens>) -> Coin {
        Coin {
            tokens: held.map(Box::new),
            ..Coin::new(output(1000), 5, false)
        }
    }

    /// An output of so many units with an allocation: for each kind, places of outputs with what they hold.
    fn data(units: u64, assets: &[(u64, &[(u8, u64)])]) -> TxOut {
        let mut bytes = serialize(&VarInt::from(assets.len()));
        for (asset, outputs) in assets {
            write_number(*asset, &mut bytes);
            bytes.extend(serialize(&VarInt::from(outputs.len())));
            for (place, value) in *outputs {
                bytes.push(*place);
                write_number(compress_amount(*value), &mut bytes);
            }
        }
        let push = PushBytesBuf::try_from(bytes).unwrap();
        let mut output = output(units);
        output.script_pubkey = Builder::new()
            .push_opcode(OP_RETURN)
            .push_slice(push)
            .into_script();
        output
    }

    /// What a transaction of this version may do: it spends coins that hold these tokens, and has these outputs.
    fn check(version: i32, spent: &[Option<Tokens>], outputs: &[TxOut]) -> Result<(), String> {
        let mut transaction = transaction();
        transaction.version.0 = version;
        transaction.output = outputs.to_vec();
        let coins: Vec<Coin> = spent.iter().copied().map(coin).collect();
        let params = Params::new(Network::Regtest);
        check_tokens(&transaction, &coins, &MintContext::default(), HEIGHT, &params)
            .map_err(|error| error.to_string())
    }

    fn refused(reason: &str) -> Result<(), String> {
        Err(reason.to_owned())
    }

    #[test]
    fn tokens_that_are_sent_are_neither_made_nor_lost() {
        let send = |spent: &[Option<Tokens>], assets: &[(u64, &[(u8, u64)])]| {
            check(142, spent, &[output(1), output(1), data(0, assets)])
        };
        let two_kinds = [Some(tokens(7, 10)), None, Some(tokens(8, 5)), Some(tokens(7, 1))];
        assert_eq!(send(&two_kinds, &[(7, &[(0, 11)]), (8, &[(1, 5)])]), Ok(()));
        // What the output with the data holds is burnt.
        assert_eq!(
            send(&[Some(tokens(7, 3))], &[(7, &[(0, 1), (1, 1), (2, 1)])]),
            Ok(())
        );
        // Of an output that is named twice the last is true.
        assert_eq!(send(&[Some(tokens(7, 3))], &[(7, &[(0, 9), (0, 3)])]), Ok(()));
        // Kind 0 is none.
        assert_eq!(send(&[None], &[(0, &[(0, 9)])]), Ok(()));
        for (spent, assets) in [
            (&[Some(tokens(7, 3))][..], &[(7, &[(0, 2)][..])][..]),
            (&[Some(tokens(7, 3))], &[(7, &[(0, 4)])]),
            (&[Some(tokens(7, 3))], &[(8, &[(0, 3)])]),
            (&[Some(tokens(7, 3))], &[(0, &[(0, 3)])]),
            (&[None], &[(7, &[(0, 1)])]),
            (&[Some(tokens(7, 3)), Some(tokens(8, 3))], &[(7, &[(0, 3)])]),
        ] {
            assert_eq!(
                send(spent, assets),
                refused("bad-txns-asset-io-mismatch"),
                "{assets:?}"
            );
        }
        let most = tokens(7, MAX_MONEY);
        assert_eq!(
            send(&[Some(most), Some(tokens(7, 1))], &[(7, &[(0, 3)])]),
            refused("bad-txns-asset-inputvalues-outofrange")
        );
        assert_eq!(
            send(&[Some(most)], &[(7, &[(0, MAX_MONEY), (1, 1)])]),
            refused("bad-txns-asset-out-outofrange")
        );
        assert_eq!(check(142, &[None], &[output(1)]), refused("Unknown asset data"));
    }

    #[test]
    fn transactions_of_other_versions_may_lose_tokens() {
        for version in [1, 2, 80, 128, 137] {
            assert_eq!(check(version, &[None], &[output(1)]), Ok(()));
            assert_eq!(check(version, &[Some(tokens(7, 1))], &[output(1)]), Ok(()));
            let most = tokens(7, MAX_MONEY);
            assert_eq!(
                check(version, &[Some(most), Some(tokens(7, 1))], &[output(1)]),
                refused("bad-txns-asset-inputvalues-outofrange")
            );
        }
    }

    /// What a transaction that moves five tokens of the kind 9 may do before and since there is one way to say so.
    fn check_in_both_ways(version: i32, outputs: &[TxOut], n_inputs: usize) -> [Result<(), String>; 2] {
        let mut transaction = transaction();
        transaction.version.0 = version;
        transaction.output = outputs.to_vec();
        let input = transaction.input[0].clone();
        transaction.input = vec![input; n_inputs];
        let mut coins = vec![coin(None); n_inputs];
        coins[0] = coin(Some(tokens(9, 5)));
        let mut params = Params::new(Network::Regtest);
        [Activation::NEVER, Activation::at(HEIGHT)].map(|activation| {
            params.heights.chainlock_receipts = activation;
            check_tokens(&transaction, &coins, &MintContext::default(), HEIGHT, &params)
                .map_err(|error| error.to_string())
        })
    }

    /// An output with an allocation, and these bytes behind it.
    fn data_with(assets: &[(u64, &[(u8, u64)])], tail: &[u8], script_tail: &[u8]) -> TxOut {
        let mut output = data(0, assets);
        let pushed = output.script_pubkey.as_bytes()[2..].to_vec();
        let push = PushBytesBuf::try_from([&pushed, tail].concat()).unwrap();
        let script = Builder::new().push_opcode(OP_RETURN).push_slice(push);
        output.script_pubkey = [script.as_bytes(), script_tail].concat().into();
        output
    }

    #[test]
    fn since_receipts_there_is_one_way_to_say_where_tokens_go() {
        let send = |assets: &[(u64, &[(u8, u64)])]| {
            check_in_both_ways(142, &[output(1), output(1), data(0, assets)], 1)
        };
        assert_eq!(send(&[(9, &[(0, 2), (1, 3)])]), [Ok(()), Ok(())]);
        for (assets, reason) in [
            (
                &[(9, &[(0, 9), (0, 5)][..])][..],
                "assetallocation-duplicate-output",
            ),
            (
                &[(9, &[(0, 2)]), (9, &[(1, 3)])],
                "assetallocation-duplicate-asset",
            ),
            (&[(9, &[(0, 5)]), (0, &[(1, 3)])], "assetallocation-null-asset"),
        ] {
            assert_eq!(send(assets), [Ok(()), refused(reason)]);
        }

        let address = [&[20][..], &[1; 20]].concat();
        let five: (u64, &[(u8, u64)]) = (9, &[(1, 5)]);
        let go = |data: TxOut| check_in_both_ways(141, &[output(1), data], 1);
        assert_eq!(go(data_with(&[five], &address, &[])), [Ok(()), Ok(())]);
        let none = [&[20][..], &[0; 20]].concat();
        let long = [&address[..], &[1]].concat();
        for (data, reason) in [
            (
                data_with(&[five], &[], &[]),
                "assetallocation-invalid-nevm-destination",
            ),
            (
                data_with(&[five], &address[1..], &[]),
                "assetallocation-invalid-nevm-destination",
            ),
            (
                data_with(&[five], &none, &[]),
                "assetallocation-null-nevm-destination",
            ),
            (
                data_with(&[five], &long, &[]),
                "assetallocation-noncanonical-encoding",
            ),
            (
                data_with(&[five], &address, &[2]),
                "assetallocation-noncanonical-script",
            ),
        ] {
            assert_eq!(go(data), [Ok(()), refused(reason)]);
        }
        let two = data_with(&[five, (0, &[(1, 0)])], &address, &[]);
        assert_eq!(go(two)[1], refused("assetallocation-single-asset"));

        let many = |n_inputs: usize, n_more: usize| {
            let mut outputs = vec![output(1), data_with(&[five], &address, &[])];
            outputs.extend(vec![output(1); n_more]);
            check_in_both_ways(141, &outputs, n_inputs)
        };
        assert_eq!(many(99, 7), [Ok(()), Ok(())]);
        assert_eq!(
            many(100, 0),
            [Ok(()), refused("assetallocation-nevm-too-many-inputs")]
        );
        assert_eq!(
            many(1, 8),
            [Ok(()), refused("assetallocation-nevm-too-many-outputs")]
        );
    }

    #[test]
    fn coins_become_as_many_tokens() {
        let burn = |spent: &[Option<Tokens>], units: u64, assets: &[(u64, &[(u8, u64)])]| {
            check(139, spent, &[output(1), data(units, assets)])
        };
        assert_eq!(burn(&[None], 50, &[(SYSX, &[(0, 50)])]), Ok(()));
        assert_eq!(burn(&[Some(tokens(SYSX, 7))], 50, &[(SYSX, &[(0, 57)])]), Ok(()));
        let others = [Some(tokens(9, 7))];
        assert_eq!(
            burn(&others, 50, &[(SYSX, &[(0, 50)])]),
            refused("bad-txns-asset-io-mismatch")
        );
        for (spent, units, asset, value, reason) in [
            (None, 0, SYSX, 50, "syscoin-burn-invalid-amount"),
            (None, 50, 9, 50, "syscoin-burn-asset-output-notfound"),
            (None, 50, SYSX, 51, "syscoin-burn-mismatch-amount"),
            (
                Some(tokens(SYSX, 60)),
                50,
                SYSX,
                50,
                "syscoin-burn-mismatch-amount",
            ),
        ] {
            assert_eq!(burn(&[spent], units, &[(asset, &[(0, value)])]), refused(reason));
        }
    }

    #[test]
    fn tokens_become_as_many_coins() {
        let burn = |spent, units, asset, outputs: &[(u8, u64)]| {
            check(
                138,
                &[Some(tokens(asset, spent))],
                &[output(units), data(0, &[(asset, outputs)]), output(1)],
            )
        };
        assert_eq!(burn(50, 50, SYSX, &[(1, 50)]), Ok(()));
        assert_eq!(burn(60, 50, SYSX, &[(1, 50), (2, 10)]), Ok(()));
        for (spent, units, asset, outputs, reason) in [
            (
                50,
                50,
                SYSX,
                &[(2, 50)][..],
                "assetallocation-invalid-burn-amount",
            ),
            (
                50,
                50,
                SYSX,
                &[(2, 50), (1, 0)],
                "assetallocation-invalid-burn-amount",
            ),
            (50, 51, SYSX, &[(1, 50)], "assetallocation-mismatch-burn-amount"),
            (50, 50, 9, &[(1, 50)], "assetallocation-invalid-sysx-asset"),
            (51, 50, SYSX, &[(1, 50)], "bad-txns-asset-io-mismatch"),
        ] {
            assert_eq!(burn(spent, units, asset, outputs), refused(reason));
        }
        assert_eq!(
            check(
                138,
                &[Some(tokens(SYSX, 50))],
                &[data(50, &[(SYSX, &[(0, 50)])]), output(1)]
            ),
            refused("assetallocation-invalid-burn-index")
        );
    }

    #[test]
    fn any_token_goes_to_the_nevm() {
        let move_out =
            |outputs: &[(u8, u64)]| check(141, &[Some(tokens(9, 5))], &[output(1), data(0, &[(9, outputs)])]);
        assert_eq!(move_out(&[(1, 5)]), Ok(()));
        assert_eq!(move_out(&[(0, 2), (1, 3)]), Ok(()));
        assert_eq!(
            move_out(&[(0, 5)]),
            refused("assetallocation-invalid-burn-amount")
        );
        assert_eq!(
            check(140, &[None], &[output(1), data(0, &[(9, &[(0, 5)])])]),
            refused("mint-unserialize-failed")
        );
    }

    /// What a transaction that proves that fifty tokens of the kind 7 were frozen may do before and since there is one way
    /// to say so, if it spends coins that hold these tokens, and says of its outputs what `write` does.
    fn check_mints(spent: &[Option<Tokens>], allocation: &[(u64, &[(u8, u64)])]) -> [Result<(), String>; 2] {
        let proof = Proof::regtest(7, 50);
        let transaction = proof.mint_with(allocation);
        let coins: Vec<Coin> = spent.iter().copied().map(coin).collect();
        let mint = MintContext {
            roots: Some(proof.roots()),
            ..MintContext::default()
        };
        let mut params = Params::new(Network::Regtest);
        [Activation::NEVER, Activation::at(HEIGHT)].map(|activation| {
            params.heights.chainlock_receipts = activation;
            check_tokens(&transaction, &coins, &mint, HEIGHT, &params).map_err(|error| error.to_string())
        })
    }

    #[test]
    fn as_many_tokens_come_from_the_nevm_as_were_frozen_there() {
        let fifty: (u64, &[(u8, u64)]) = (7, &[(0, 50)]);
        assert_eq!(check_mints(&[None], &[fifty]), [Ok(()), Ok(())]);
        for (spent, allocation, any, strict) in [
            // What else it spends and makes is balanced, until nothing else may be.
            (
                &[Some(tokens(7, 3))][..],
                &[(7, &[(0, 50), (1, 3)][..])][..],
                Ok(()),
                refused("mint-no-asset-inputs"),
            ),
            (
                &[Some(tokens(8, 3))],
                &[fifty, (8, &[(1, 3)])],
                Ok(()),
                refused("assetallocation-single-asset"),
            ),
            (
                &[None],
                &[(7, &[(0, 50), (1, 1)])],
                refused("mint-output-mismatch"),
                refused("mint-output-mismatch"),
            ),
            (
                &[Some(tokens(7, 1))],
                &[fifty],
                refused("mint-output-mismatch"),
                refused("mint-no-asset-inputs"),
            ),
            (
                &[Some(tokens(8, 1))],
                &[fifty],
                refused("bad-txns-asset-io-mismatch"),
                refused("mint-no-asset-inputs"),
            ),
        ] {
            assert_eq!(check_mints(spent, allocation), [any, strict], "{allocation:?}");
        }
        let unknown = Proof::regtest(7, 50).mint();
        let params = Params::new(Network::Regtest);
        assert_eq!(
            check_tokens(&unknown, &[coin(None)], &MintContext::default(), HEIGHT, &params),
            Err(TokenError::Mint(MintError::UnknownBlock))
        );
    }

    #[test]
    fn coins_are_made_with_what_they_hold() {
        let mut transaction = transaction();
        transaction.version.0 = 142;
        transaction.output = vec![output(1), data(0, &[(9, &[(0, 5)])]), output(2)];
        let made = made_coins(&transaction, 77);
        assert_eq!(
            made.iter()
                .map(|coin| coin.tokens.as_deref().copied())
                .collect::<Vec<_>>(),
            [Some(tokens(9, 5)), None, None]
        );
        assert!(made.iter().all(|coin| coin.height == 77 && !coin.is_coinbase));
        assert_eq!(made[2].output, transaction.output[2]);
        transaction.version.0 = 2;
        transaction.output[0].script_pubkey = ScriptBuf::new();
        assert!(
            made_coins(&transaction, 77)
                .iter()
                .all(|coin| coin.tokens.is_none())
        );
    }
}
