//! The option that names coins.

use bitcoin::BlockHash;

use super::{OptionError, Params};
use crate::params::AssumedCoins;

impl Params {
    /// Takes coins for right by a value of `-assumeutxo`, which upstream does not have: `height:blockhash:hash:transactions`,
    /// where `hash` is what `dumptxoutset` and `gettxoutsetinfo` tell of the coins.
    ///
    /// Coins of the same block that were taken for right before are not any more.
    ///
    /// # Errors
    /// [`OptionError`] if the value has another form. Nothing is changed then.
    pub fn assume_coins(&mut self, value: &str) -> Result<(), OptionError> {
        let assumed = parse(value).ok_or_else(|| OptionError::AssumedCoins(value.to_owned()))?;
        self.assumed_coins.retain(|other| other.block != assumed.block);
        self.assumed_coins.push(assumed);
        Ok(())
    }
}

fn parse(value: &str) -> Option<AssumedCoins> {
    let parts: Vec<&str> = value.split(':').collect();
    let [height, block, hash, transactions] = parts[..] else {
        return None;
    };
    // It is written as hashes of blocks are.
    let hash: BlockHash = hash.parse().ok()?;
    Some(AssumedCoins {
        height: height.parse().ok().filter(|height| *height > 0)?,
        block: block.parse().ok()?,
        hash: *hash.as_ref(),
        transactions: transactions
            .parse()
            .ok()
            .filter(|transactions| *transactions > 0)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    const BLOCK: &str = "07fbf5f448734557e1f33b6919c0e6b93828f0eef1a5938519d8b18d6bfd7510";
    const HASH: &str = "00000000000000000000000000000000000000000000000000000000000000ff";

    #[test]
    fn the_last_that_is_said_of_a_block_holds() {
        let mut params = Params::new(Network::Regtest);
        params.assume_coins(&format!("110:{BLOCK}:{HASH}:7")).unwrap();
        let assumed = params.assumed_coins_of(&BLOCK.parse().unwrap()).unwrap();
        assert_eq!(
            (
                assumed.height,
                assumed.hash[0],
                assumed.hash[31],
                assumed.transactions
            ),
            (110, 0xff, 0, 7)
        );
        assert_eq!(params.assumed_coins.len(), 1);
        assert_eq!(params.assumed_coins_of(&HASH.parse().unwrap()), None);
    }

    #[test]
    fn malformed_coins_are_refused() {
        for value in [
            "",
            "110",
            &format!("110:{BLOCK}:{HASH}"),
            &format!("0:{BLOCK}:{HASH}:7"),
            &format!("110:{BLOCK}:{HASH}:0"),
            &format!("110:{BLOCK}:ff:7"),
            &format!("110:{BLOCK}:{HASH}:7:8"),
        ] {
            let mut params = Params::new(Network::Regtest);
            let error = params.assume_coins(value).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("Invalid value ({value}) for -assumeutxo=height:blockhash:hash:transactions.")
            );
        }
    }
}
