//! `-signetchallenge`, which makes a signet of one's own.

use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::{ScriptBuf, Work};

use super::{OptionError, Params};

impl Params {
    /// Lets blocks be signed for this script (BIP 325), by the values of `-signetchallenge`, of which there must be one. The
    /// chain then has a magic of its own, and nothing is known of its blocks.
    ///
    /// # Errors
    /// [`OptionError`] if there are several values, or it is not hexadecimal. Nothing is changed then.
    pub fn set_signet_challenge(&mut self, values: &[String]) -> Result<(), OptionError> {
        let [value] = values else {
            return Err(OptionError::ChallengeMultiple);
        };
        let challenge =
            ScriptBuf::from_hex(value).map_err(|_error| OptionError::ChallengeHex(value.clone()))?;
        self.magic = magic(&challenge);
        self.signet_challenge = Some(challenge);
        self.assume_valid = None;
        self.minimum_chain_work = Work::from_be_bytes([0; 32]);
        Ok(())
    }
}

/// What messages on a signet begin with: the first bytes of its challenge's hash.
fn magic(challenge: &ScriptBuf) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256d::Hash::hash(&serialize(challenge)).to_byte_array();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    #[test]
    fn challenges_make_chains_of_their_own() {
        let standard = Params::new(Network::Signet);
        assert_eq!(magic(&standard.signet_challenge.clone().unwrap()), standard.magic);
        let mut params = standard.clone();
        params.set_signet_challenge(&["51".to_owned()]).unwrap();
        assert_eq!(params.signet_challenge.unwrap().as_bytes(), [0x51]);
        assert_eq!(params.magic, [0x54, 0xd2, 0x6f, 0xbd]);
        assert_eq!(params.assume_valid, None);
        assert_eq!(params.minimum_chain_work, Work::from_be_bytes([0; 32]));
        for (values, text) in [
            (
                &["51".to_owned(), "52".to_owned()][..],
                "-signetchallenge cannot be multiple values.",
            ),
            (&["5x".to_owned()], "-signetchallenge must be hex, not '5x'."),
            (&["5".to_owned()], "-signetchallenge must be hex, not '5'."),
        ] {
            let mut params = standard.clone();
            assert_eq!(params.set_signet_challenge(values).unwrap_err().to_string(), text);
            assert_eq!(params.magic, standard.magic);
        }
    }
}
