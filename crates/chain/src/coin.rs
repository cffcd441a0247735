//! Coins as they are on disk.

use std::num::NonZeroU64;

use bitcoin::{Amount, TxOut};
use consensus::compact::{compress_amount, decompress_amount, read_number, write_number};
use consensus::limits::MAX_MONEY;
use consensus::transaction::{Coin, Tokens};
use thiserror::Error;

use crate::compress::{read_script, write_script};

/// Bytes that are no coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CoinError {
    /// There are too few of them.
    #[error("a coin ends early")]
    End,
    /// A number in them ends early, or is too large.
    #[error("a coin has no number where one should be")]
    Number,
    /// The amount is above the largest.
    #[error("a coin of {0} units is above the largest amount")]
    Amount(u64),
    /// What should be a public key is none.
    #[error("a coin pays to a key that is none")]
    Key,
    /// It holds more tokens than there can be.
    #[error("a coin of {0} tokens has more than there can be")]
    Tokens(u64),
    /// There are too many of them.
    #[error("a coin is followed by {0} bytes")]
    Rest(usize),
}

/// Appends a coin as upstream writes it: twice the height, and one more if a coinbase made it; the amount; the script;
/// and the kind of tokens that it holds with their number, or a zero if it holds none. All are in short forms.
pub fn write_coin(coin: &Coin, bytes: &mut Vec<u8>) {
    write_number(code(coin), bytes);
    write_output(coin, bytes);
}

/// Reads what [`write_coin`] wrote, and cuts it off `data`.
///
/// # Errors
/// [`CoinError`] if it is no coin.
pub fn read_coin(data: &mut &[u8]) -> Result<Coin, CoinError> {
    let (height, is_coinbase) = read_code(data)?;
    read_output(data, height, is_coinbase)
}

/// Reads a coin that is all of `data`.
///
/// # Errors
/// [`CoinError`] if it is no coin, or more.
pub fn parse_coin(mut data: &[u8]) -> Result<Coin, CoinError> {
    let coin = read_coin(&mut data)?;
    match data.len() {
        0 => Ok(coin),
        rest => Err(CoinError::Rest(rest)),
    }
}

/// Twice the height, and one more if a coinbase made the coin.
pub(crate) fn code(coin: &Coin) -> u64 {
    u64::from(coin.height) << 1 | u64::from(coin.is_coinbase)
}

/// Reads a [`code`]: the height, and whether a coinbase made the coin.
pub(crate) fn read_code(data: &mut &[u8]) -> Result<(u32, bool), CoinError> {
    let code = read_number(data).ok_or(CoinError::Number)?;
    let height = u32::try_from(code >> 1).map_err(|_error| CoinError::Number)?;
    Ok((height, code & 1 == 1))
}

/// Appends what a coin is worth, its script and its tokens.
pub(crate) fn write_output(coin: &Coin, bytes: &mut Vec<u8>) {
    write_number(compress_amount(coin.output.value.to_sat()), bytes);
    write_script(&coin.output.script_pubkey, bytes);
    match coin.tokens.as_deref() {
        None => write_number(0, bytes),
        Some(Tokens { asset, value }) => {
            write_number(asset.get(), bytes);
            write_number(compress_amount(*value), bytes);
        }
    }
}

/// Reads what [`write_output`] wrote, of a coin of this height.
pub(crate) fn read_output(data: &mut &[u8], height: u32, is_coinbase: bool) -> Result<Coin, CoinError> {
    let amount = decompress_amount(read_number(data).ok_or(CoinError::Number)?);
    if amount > MAX_MONEY {
        return Err(CoinError::Amount(amount));
    }
    let script_pubkey = read_script(data)?;
    let output = TxOut {
        value: Amount::from_sat(amount),
        script_pubkey,
    };
    let asset = read_number(data).ok_or(CoinError::Number)?;
    Ok(Coin {
        tokens: read_tokens(asset, data)?,
        ..Coin::new(output, height, is_coinbase)
    })
}

/// Reads how many tokens of this kind there are; of kind 0 there are none.
fn read_tokens(asset: u64, data: &mut &[u8]) -> Result<Option<Box<Tokens>>, CoinError> {
    let Some(asset) = NonZeroU64::new(asset) else {
        return Ok(None);
    };
    let value = decompress_amount(read_number(data).ok_or(CoinError::Number)?);
    if value > MAX_MONEY {
        return Err(CoinError::Tokens(value));
    }
    Ok(Some(Box::new(Tokens { asset, value })))
}

#[cfg(test)]
pub(crate) mod tests {
    use bitcoin::hex::{DisplayHex, FromHex};
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::compress::tests::any_script;

    /// Coins of all kinds.
    pub(crate) fn any_coin() -> impl Strategy<Value = Coin> {
        (
            any_script(),
            0..=MAX_MONEY,
            any::<u32>(),
            any::<bool>(),
            option::of(any_tokens()),
        )
            .prop_map(|(script_pubkey, amount, height, is_coinbase, tokens)| {
                let output = TxOut {
                    value: Amount::from_sat(amount),
                    script_pubkey,
                };
                Coin {
                    tokens: tokens.map(Box::new),
                    ..Coin::new(output, height, is_coinbase)
                }
            })
    }

    fn any_tokens() -> impl Strategy<Value = Tokens> {
        (1..=u64::MAX, 0..=MAX_MONEY).prop_map(|(asset, value)| Tokens {
            asset: NonZeroU64::new(asset).unwrap(),
            value,
        })
    }

    #[test]
    fn coins_with_tokens_have_upstreams_form() {
        let output = TxOut {
            value: Amount::ZERO,
            script_pubkey: vec![].into(),
        };
        let coin = Coin {
            tokens: Some(Box::new(Tokens {
                asset: NonZeroU64::new(123_456).unwrap(),
                value: 100_000_000,
            })),
            ..Coin::new(output, 0, false)
        };
        let mut bytes = Vec::new();
        write_coin(&coin, &mut bytes);
        // Nothing, an empty script, 123,456, and one to the eighth power of ten.
        assert_eq!(bytes, [0, 0, 6, 0x86, 0xc3, 0x40, 9]);
        assert_eq!(parse_coin(&bytes), Ok(coin));
    }

    #[test]
    fn coins_have_upstreams_form_and_a_zero_for_tokens() {
        // Upstream's public examples of coins, which have no zero at their end yet.
        for (hex, amount, script, height, is_coinbase) in [
            (
                "97f23c835800816115944e077fe7c803cfa57f29b36bf87c1d35",
                60_000_000_000,
                "76a914816115944e077fe7c803cfa57f29b36bf87c1d3588ac",
                203_998,
                false,
            ),
            (
                "8ddf77bbd123008c988f1a4a4de2161e0f50aac7f17e7f9555caa4",
                110_397,
                "76a9148c988f1a4a4de2161e0f50aac7f17e7f9555caa488ac",
                120_891,
                true,
            ),
        ] {
            let bytes = Vec::from_hex(&format!("{hex}00")).unwrap();
            let coin = parse_coin(&bytes).unwrap();
            assert_eq!(coin.output.value.to_sat(), amount);
            assert_eq!(coin.output.script_pubkey.as_bytes().to_lower_hex_string(), script);
            assert_eq!((coin.height, coin.is_coinbase), (height, is_coinbase));
            let mut written = Vec::new();
            write_coin(&coin, &mut written);
            assert_eq!(written, bytes);
        }
    }

    #[test]
    fn what_is_no_coin_is_refused() {
        for (hex, expected) in [
            ("", CoinError::Number),
            ("0000", CoinError::Number),
            ("000006", CoinError::Number),
            ("000000", CoinError::End),
            ("00000601", CoinError::Number),
            ("00000601a49faec700", CoinError::Tokens(MAX_MONEY + 1)),
            ("0000060000", CoinError::Rest(1)),
            ("00a49faec700", CoinError::Amount(MAX_MONEY + 1)),
        ] {
            assert_eq!(parse_coin(&Vec::from_hex(hex).unwrap()), Err(expected), "{hex}");
        }
    }

    proptest! {
        #[test]
        fn any_coin_comes_back(coin in any_coin()) {
            let mut bytes = Vec::new();
            write_coin(&coin, &mut bytes);
            for length in 0..bytes.len() {
                prop_assert!(parse_coin(&bytes[..length]).is_err());
            }
            prop_assert_eq!(parse_coin(&bytes), Ok(coin));
        }

        #[test]
        fn any_bytes_are_a_coin_or_refused(bytes: Vec<u8>) {
            if let Ok(coin) = parse_coin(&bytes) {
                let mut written = Vec::new();
                write_coin(&coin, &mut written);
                prop_assert_eq!(parse_coin(&written), Ok(coin));
            }
        }
    }
}
