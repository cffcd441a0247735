//! Addresses, with each chain's own prefixes.
//!
//! The `bitcoin` crate knows the prefixes of Bitcoin's chains alone, so that addresses are written and read here.

mod locate;

use std::fmt::Write as _;

use bitcoin::bech32::primitives::decode::CheckedHrpstring;
use bitcoin::bech32::{Bech32, Bech32m};
use bitcoin::hashes::{Hash as _, hash160, sha256};
use bitcoin::opcodes::all::OP_PUSHNUM_1;
use bitcoin::script::PushBytes;
use bitcoin::{PubkeyHash, Script, ScriptBuf, ScriptHash, WPubkeyHash, WScriptHash, base58};
use consensus::address::{hash_address, witness_address};
use consensus::params::AddressParams;
use thiserror::Error;

use crate::kind::ScriptKind;

/// What an output can be paid to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// The hash of a public key.
    PublicKeyHash([u8; 20]),
    /// The hash of a script (BIP 16).
    ScriptHash([u8; 20]),
    /// The hash of a public key, for a witness (BIP 141).
    WitnessKeyHash([u8; 20]),
    /// The hash of a script, for a witness (BIP 141).
    WitnessScriptHash([u8; 32]),
    /// A taproot output's key (BIP 341).
    Taproot([u8; 32]),
    /// A witness program that has no meaning yet.
    WitnessUnknown {
        /// From 1 to 16.
        version: u8,
        /// From 2 to 40 bytes.
        program: Vec<u8>,
    },
}

/// Why a text is no address of a chain, in upstream's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Right to the checksum, but of another length.
    #[error("Invalid length for Base58 address (P2PKH or P2SH)")]
    Base58Length,
    /// Right to the checksum, but of another chain or kind.
    #[error("Invalid or unsupported Base58-encoded address.")]
    Base58Prefix,
    /// The characters are those of base58.
    #[error("Invalid checksum or length of Base58 address (P2PKH or P2SH)")]
    Base58Checksum,
    /// The characters are of no encoding.
    #[error("Invalid or unsupported Segwit (Bech32) or Base58 encoding.")]
    Encoding,
    /// Nothing stands between prefix and checksum.
    #[error("Empty Bech32 data section")]
    EmptyData,
    /// Of another chain.
    #[error("Invalid or unsupported prefix for Segwit (Bech32) address (expected {expected}, got {found}).")]
    Prefix {
        /// The chain's own.
        expected: String,
        /// The one before the separator.
        found: String,
    },
    /// Version 0 goes with the first kind of checksum.
    #[error("Version 0 witness address must use Bech32 checksum")]
    NotBech32,
    /// Later versions go with the second.
    #[error("Version 1+ witness address must use Bech32m checksum")]
    NotBech32m,
    /// Version 0 has two lengths.
    #[error("Invalid Bech32 v0 address program size ({0} {bytes}), per BIP141", bytes = bytes(*.0))]
    Version0Size(usize),
    /// There is no such version.
    #[error("Invalid Bech32 address witness version")]
    Version,
    /// No version has such a length.
    #[error("Invalid Bech32 address program size ({0} {bytes})", bytes = bytes(*.0))]
    Size(usize),
    /// The bits after the last byte are not as they must be.
    #[error("Invalid padding in Bech32 data section")]
    Padding,
    /// It is no bech32; where the mistakes are, is told as far as it can be known.
    #[error("{message}")]
    Bech32 {
        /// What is wrong.
        message: &'static str,
        /// Which characters are likely to be wrong, counted from 0.
        locations: Vec<usize>,
    },
}

fn bytes(count: usize) -> &'static str {
    if count == 1 { "byte" } else { "bytes" }
}

impl AddressError {
    /// Which characters are likely to be wrong, counted from 0.
    #[must_use]
    pub fn locations(&self) -> &[usize] {
        match self {
            Self::Bech32 { locations, .. } => locations,
            _ => &[],
        }
    }
}

impl Address {
    /// The address of an output, if its script has one. A bare public key has none.
    #[must_use]
    pub fn from_script(script: &Script) -> Option<Self> {
        match ScriptKind::of(script) {
            ScriptKind::PublicKeyHash(hash) => Some(Self::PublicKeyHash(hash)),
            ScriptKind::ScriptHash(hash) => Some(Self::ScriptHash(hash)),
            ScriptKind::WitnessKeyHash(hash) => Some(Self::WitnessKeyHash(hash)),
            ScriptKind::WitnessScriptHash(hash) => Some(Self::WitnessScriptHash(hash)),
            ScriptKind::Taproot(key) => Some(Self::Taproot(key)),
            ScriptKind::WitnessUnknown { version, program } => Some(Self::WitnessUnknown {
                version,
                program: program.to_vec(),
            }),
            ScriptKind::NonStandard
            | ScriptKind::PublicKey(_)
            | ScriptKind::Multisig { .. }
            | ScriptKind::NullData => None,
        }
    }

    /// The address that pays to a script by its hash.
    #[must_use]
    pub fn of_script_hash(script: &Script) -> Self {
        Self::ScriptHash(hash160::Hash::hash(script.as_bytes()).to_byte_array())
    }

    /// The address that pays to a witness script by its hash.
    #[must_use]
    pub fn of_witness_script_hash(script: &Script) -> Self {
        Self::WitnessScriptHash(sha256::Hash::hash(script.as_bytes()).to_byte_array())
    }

    /// The address that pays to a public key by its hash, whatever the key's form.
    #[must_use]
    pub fn of_public_key(key: &[u8]) -> Self {
        Self::PublicKeyHash(hash160::Hash::hash(key).to_byte_array())
    }

    /// The address that pays to a public key by its hash, in a witness.
    #[must_use]
    pub fn of_witness_public_key(key: &[u8]) -> Self {
        Self::WitnessKeyHash(hash160::Hash::hash(key).to_byte_array())
    }

    /// The script of outputs that pay to it.
    #[must_use]
    pub fn script(&self) -> ScriptBuf {
        match self {
            Self::PublicKeyHash(hash) => ScriptBuf::new_p2pkh(&PubkeyHash::from_byte_array(*hash)),
            Self::ScriptHash(hash) => ScriptBuf::new_p2sh(&ScriptHash::from_byte_array(*hash)),
            Self::WitnessKeyHash(hash) => ScriptBuf::new_p2wpkh(&WPubkeyHash::from_byte_array(*hash)),
            Self::WitnessScriptHash(hash) => ScriptBuf::new_p2wsh(&WScriptHash::from_byte_array(*hash)),
            Self::Taproot(key) => ScriptBuf::builder()
                .push_opcode(OP_PUSHNUM_1)
                .push_slice(key)
                .into_script(),
            Self::WitnessUnknown { version, program } => {
                let program: &PushBytes = program
                    .as_slice()
                    .try_into()
                    .expect("a program is at most 40 bytes long");
                ScriptBuf::builder()
                    .push_int(i64::from(*version))
                    .push_slice(program)
                    .into_script()
            }
        }
    }

    /// The version and the program of a witness output.
    #[must_use]
    pub fn witness_program(&self) -> Option<(u8, &[u8])> {
        match self {
            Self::PublicKeyHash(_) | Self::ScriptHash(_) => None,
            Self::WitnessKeyHash(hash) => Some((0, hash)),
            Self::WitnessScriptHash(hash) => Some((0, hash)),
            Self::Taproot(key) => Some((1, key)),
            Self::WitnessUnknown { version, program } => Some((*version, program)),
        }
    }

    /// The text of the address on a chain.
    #[must_use]
    pub fn encode(&self, chain: &AddressParams) -> String {
        match self {
            Self::PublicKeyHash(hash) => hash_address(chain.public_key, hash),
            Self::ScriptHash(hash) => hash_address(chain.script, hash),
            Self::WitnessKeyHash(_)
            | Self::WitnessScriptHash(_)
            | Self::Taproot(_)
            | Self::WitnessUnknown { .. } => {
                let (version, program) = self.witness_program().expect("it is of a witness");
                witness_address(version, program, chain)
            }
        }
    }

    /// Reads an address of a chain.
    ///
    /// A base58 address that is right in every respect is read even if it begins as the chain's bech32 addresses do, as
    /// addresses of the main chain may.
    ///
    /// # Errors
    /// [`AddressError`] if the text is none.
    pub fn decode(text: &str, chain: &AddressParams) -> Result<Self, AddressError> {
        let payload = base58::decode_check(text).ok();
        match payload.as_deref().map(|payload| from_base58(payload, chain)) {
            Some(Ok(address)) => Ok(address),
            _ if begins_with(text, &chain.hrp) => from_bech32(text, chain),
            Some(Err(error)) => Err(error),
            None if base58::decode(text).is_ok_and(|bytes| bytes.len() <= 100) => {
                Err(AddressError::Base58Checksum)
            }
            None => Err(AddressError::Encoding),
        }
    }
}

fn begins_with(text: &str, hrp: &str) -> bool {
    text.as_bytes()
        .get(..hrp.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(hrp.as_bytes()))
}

fn from_base58(payload: &[u8], chain: &AddressParams) -> Result<Address, AddressError> {
    if payload.len() > 21 {
        return Err(AddressError::Base58Checksum);
    }
    let (prefix, rest) = payload.split_first().ok_or(AddressError::Base58Prefix)?;
    let is_known = [chain.public_key, chain.script].contains(prefix);
    match <[u8; 20]>::try_from(rest) {
        Ok(hash) if *prefix == chain.public_key => Ok(Address::PublicKeyHash(hash)),
        Ok(hash) if *prefix == chain.script => Ok(Address::ScriptHash(hash)),
        _ if is_known => Err(AddressError::Base58Length),
        _ => Err(AddressError::Base58Prefix),
    }
}

fn from_bech32(text: &str, chain: &AddressParams) -> Result<Address, AddressError> {
    let bech32 = CheckedHrpstring::new::<Bech32>(text);
    let (is_bech32, parsed) = match bech32 {
        Ok(parsed) => (true, Some(parsed)),
        Err(_) => (false, CheckedHrpstring::new::<Bech32m>(text).ok()),
    };
    let Some(parsed) = parsed.filter(|_| text.len() <= locate::MAX_LENGTH) else {
        let (message, locations) = locate::locate_errors(text);
        return Err(AddressError::Bech32 { message, locations });
    };
    let found = parsed.hrp().to_lowercase();
    let mut symbols = parsed.fe32_iter::<std::vec::IntoIter<u8>>();
    let version = symbols.next().ok_or(AddressError::EmptyData)?.to_u8();
    if found != chain.hrp {
        let expected = chain.hrp.clone();
        return Err(AddressError::Prefix { expected, found });
    }
    match (version, is_bech32) {
        (0, false) => return Err(AddressError::NotBech32),
        (1.., true) => return Err(AddressError::NotBech32m),
        _ => {}
    }
    let program = bytes_of_symbols(symbols.map(bitcoin::bech32::Fe32::to_u8)).ok_or(AddressError::Padding)?;
    from_program(version, program)
}

fn from_program(version: u8, program: Vec<u8>) -> Result<Address, AddressError> {
    let length = program.len();
    match (version, length) {
        (0, 20) => Ok(Address::WitnessKeyHash(sized(&program))),
        (0, 32) => Ok(Address::WitnessScriptHash(sized(&program))),
        (0, _) => Err(AddressError::Version0Size(length)),
        (1, 32) => Ok(Address::Taproot(sized(&program))),
        (17.., _) => Err(AddressError::Version),
        (_, 2..=40) => Ok(Address::WitnessUnknown { version, program }),
        _ => Err(AddressError::Size(length)),
    }
}

fn sized<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the caller looked at the length")
}

/// The bytes that symbols of five bits make up. What is left over must be fewer than five bits, all of them zero.
fn bytes_of_symbols(symbols: impl Iterator<Item = u8>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for symbol in symbols {
        bits = (bits << 5 | u32::from(symbol)) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count).to_le_bytes()[0]);
        }
    }
    let rest = bits & ((1 << count) - 1);
    (count < 5 && rest == 0).then_some(bytes)
}

/// Hexadecimal digits of a program, as RPC results have them.
#[must_use]
pub fn program_hex(program: &[u8]) -> String {
    program.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
