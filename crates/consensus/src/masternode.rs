//! Transactions of masternodes (versions 80 to 83), on a chain that has none.
//!
//! Owns what can be told of them without a list of masternodes: that changes to one are of none that is known, and what is
//! wrong with a registration. A registration that is right is refused where it would have an effect, because nothing here
//! follows from one: neither payments nor quorums. Keys and signatures of BLS are not looked into, nor is the signature by
//! which the owner of coins of an earlier transaction agrees.

mod payload;

use std::net::Ipv6Addr;

use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::{Hash, HashEngine, sha256d};
use bitcoin::{OutPoint, PublicKey, Script, Transaction};
use thiserror::Error;

use self::payload::{Payload, Registration, Service, read};
use crate::network::Network;
use crate::params::Params;
use crate::transaction::{Coin, TransactionKind};

/// Why a block may not have a transaction of a masternode. Reasons are upstream's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MasternodeError {
    /// What it says cannot be read.
    #[error("bad-protx-payload")]
    Payload,
    /// It is written in a form that does not hold yet, or is unknown.
    #[error("bad-protx-version")]
    Version,
    /// It registers an unknown type of masternodes.
    #[error("bad-protx-type")]
    Type,
    /// It is of an unknown mode.
    #[error("bad-protx-mode")]
    Mode,
    /// A key is zero.
    #[error("bad-protx-key-null")]
    NoKey,
    /// Payments would go to a script that has no address.
    #[error("bad-protx-payee-dest")]
    Payee,
    /// Payments would go to the owner's or the voter's key.
    #[error("bad-protx-payee-reuse")]
    PayeeReuse,
    /// The operator would get more than everything.
    #[error("bad-protx-operator-reward")]
    OperatorReward,
    /// Nobody could connect to where it can be found.
    #[error("bad-protx-ipaddr")]
    Address,
    /// It can be found at a port where it may not be.
    #[error("bad-protx-ipaddr-port")]
    Port,
    /// The coins that it locks up are not there, or are more or less than needed.
    #[error("bad-protx-collateral")]
    Collateral,
    /// The transaction has no such output to lock up.
    #[error("bad-protx-collateral-index")]
    CollateralIndex,
    /// The coins that it locks up are of a script that has no address.
    #[error("bad-protx-collateral-dest")]
    CollateralScript,
    /// The coins that it locks up are of no key that could agree.
    #[error("bad-protx-collateral-pkh")]
    CollateralKey,
    /// The coins that it locks up are of the owner's or the voter's key.
    #[error("bad-protx-collateral-reuse")]
    CollateralReuse,
    /// It was written for other inputs.
    #[error("bad-protx-inputs-hash")]
    InputsHash,
    /// It is signed where nothing is to be signed.
    #[error("bad-protx-sig")]
    Signature,
    /// It gives up a masternode for an unknown reason.
    #[error("bad-protx-reason")]
    Reason,
    /// It changes a masternode that there is not.
    #[error("bad-protx-hash")]
    Unknown,
    /// It is a registration. Upstream would accept it if keys and signatures are right, and pay the masternode.
    #[error("masternodes-unsupported")]
    Unsupported,
}

/// What a share of everything is for an operator.
const WHOLE_REWARD: u16 = 10_000;

/// The highest number of a reason for giving up a masternode.
const MAX_REASON: u16 = 3;

/// The output that a registration locks up, if that is one of an earlier transaction.
#[must_use]
pub fn earlier_collateral(transaction: &Transaction) -> Option<OutPoint> {
    if TransactionKind::of(transaction) != TransactionKind::MasternodeRegister {
        return None;
    }
    match read(transaction)? {
        Payload::Register(Registration { collateral, .. }) => {
            (collateral.txid.to_byte_array() != [0; 32]).then_some(collateral)
        }
        _ => None,
    }
}

/// Checks a transaction of a block of this height: upstream's `CheckSpecialTx` without any masternodes. `collateral` is what
/// [`earlier_collateral`] names, if it is there.
///
/// # Consensus
/// Main and the public test chain are not held to this before Nexus, as to no scripts; nor chains that know of no
/// masternodes. Before DIP3 a registration has no effect.
///
/// # Errors
/// [`MasternodeError`] with the first rule that is broken.
pub fn check_masternode(
    transaction: &Transaction,
    collateral: Option<&Coin>,
    height: u32,
    params: &Params,
) -> Result<(), MasternodeError> {
    let is_checked = match params.network {
        Network::Main | Network::Test => params.heights.nexus.is_active(height),
        Network::Signet | Network::Regtest => params.quorum.is_some(),
    };
    if !is_checked || !TransactionKind::of(transaction).is_masternode() {
        return Ok(());
    }
    let is_basic = height > 0 && params.heights.v19.is_active(height - 1);
    match read(transaction).ok_or(MasternodeError::Payload)? {
        Payload::UnknownVersion => Err(MasternodeError::Version),
        Payload::Register(registration) => {
            check_version(registration.version, if is_basic { 2 } else { 1 })?;
            check_registration(&registration, params)?;
            check_collateral(transaction, &registration, collateral, params)?;
            match params.heights.dip3.is_active(height) {
                true => Err(MasternodeError::Unsupported),
                false => Ok(()),
            }
        }
        Payload::UpdateService { version, service } => {
            check_version(version, if is_basic { 3 } else { 1 })?;
            check_service(&service, params)?;
            Err(MasternodeError::Unknown)
        }
        Payload::UpdateRegistrar(update) => {
            check_version(update.version, if is_basic { 2 } else { 1 })?;
            if update.mode != 0 {
                return Err(MasternodeError::Mode);
            }
            if is_zero(&update.voter) || is_zero(&update.operator) {
                return Err(MasternodeError::NoKey);
            }
            if !has_address(&update.payee) {
                return Err(MasternodeError::Payee);
            }
            Err(MasternodeError::Unknown)
        }
        Payload::Revoke { version, reason } => {
            check_version(version, if is_basic { 2 } else { 1 })?;
            match reason > MAX_REASON {
                true => Err(MasternodeError::Reason),
                false => Err(MasternodeError::Unknown),
            }
        }
    }
}

fn check_version(version: u16, newest: u16) -> Result<(), MasternodeError> {
    match (1..=newest).contains(&version) {
        true => Ok(()),
        false => Err(MasternodeError::Version),
    }
}

/// Checks what a registration says, but for what it locks up.
fn check_registration(registration: &Registration, params: &Params) -> Result<(), MasternodeError> {
    if registration.kind != 0 {
        return Err(MasternodeError::Type);
    }
    if registration.mode != 0 {
        return Err(MasternodeError::Mode);
    }
    if is_zero(&registration.owner) || is_zero(&registration.voter) || is_zero(&registration.operator) {
        return Err(MasternodeError::NoKey);
    }
    if !has_address(&registration.payee) {
        return Err(MasternodeError::Payee);
    }
    if registration.is_of_keys(&registration.payee) {
        return Err(MasternodeError::PayeeReuse);
    }
    if registration.operator_reward > WHOLE_REWARD {
        return Err(MasternodeError::OperatorReward);
    }
    match registration.service.is_unset() {
        true => Ok(()),
        false => check_service(&registration.service, params),
    }
}

/// Checks what a registration locks up, and that it was written for its transaction.
fn check_collateral(
    transaction: &Transaction,
    registration: &Registration,
    earlier: Option<&Coin>,
    params: &Params,
) -> Result<(), MasternodeError> {
    let is_earlier = registration.collateral.txid.to_byte_array() != [0; 32];
    let output = if is_earlier {
        earlier
            .map(|coin| &coin.output)
            .ok_or(MasternodeError::Collateral)?
    } else {
        let place = registration.collateral.vout as usize;
        transaction
            .output
            .get(place)
            .ok_or(MasternodeError::CollateralIndex)?
    };
    if output.value != params.masternode_collateral {
        return Err(MasternodeError::Collateral);
    }
    let script = &output.script_pubkey;
    if !has_address(script) {
        return Err(MasternodeError::CollateralScript);
    }
    if is_earlier && !(script.is_p2pkh() || script.is_p2wpkh() || is_key(script)) {
        return Err(MasternodeError::CollateralKey);
    }
    if registration.is_of_keys(script) {
        return Err(MasternodeError::CollateralReuse);
    }
    if inputs_hash(transaction) != registration.inputs_hash {
        return Err(MasternodeError::InputsHash);
    }
    if !is_earlier && !registration.signature.is_empty() {
        return Err(MasternodeError::Signature);
    }
    Ok(())
}

/// Checks that others can connect to where a masternode can be found.
fn check_service(service: &Service, params: &Params) -> Result<(), MasternodeError> {
    let is_public = matches!(params.network, Network::Main | Network::Test);
    let address = service.address.to_ipv4_mapped();
    let is_valid = match address {
        Some(address) => !address.is_unspecified() && !address.is_broadcast(),
        None => service.address != Ipv6Addr::UNSPECIFIED,
    };
    if !is_valid || (is_public && !address.is_some_and(is_routable)) {
        return Err(MasternodeError::Address);
    }
    let main_port = Params::new(Network::Main).p2p_port;
    if (service.port == main_port) != (params.network == Network::Main) {
        return Err(MasternodeError::Port);
    }
    match address {
        Some(_) => Ok(()),
        None => Err(MasternodeError::Address),
    }
}

/// Whether an address is of the public internet.
fn is_routable(address: std::net::Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    let is_benchmark = a == 198 && (b == 18 || b == 19);
    let is_shared = a == 100 && (64..128).contains(&b);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || is_benchmark
        || is_shared)
}

/// The hash of the outputs that a transaction spends.
fn inputs_hash(transaction: &Transaction) -> [u8; 32] {
    let mut engine = sha256d::Hash::engine();
    for input in &transaction.input {
        engine.input(&serialize(&input.previous_output));
    }
    sha256d::Hash::from_engine(engine).to_byte_array()
}

/// Whether a script has an address: upstream's `ExtractDestination`.
fn has_address(script: &Script) -> bool {
    let is_program = script.is_witness_program() && !script.is_p2wpkh() && !script.is_p2wsh();
    let is_later_program = is_program && script.as_bytes()[0] != 0;
    script.is_p2pkh()
        || script.is_p2sh()
        || script.is_p2wpkh()
        || script.is_p2wsh()
        || is_later_program
        || is_key(script)
}

/// Whether a script pays to a public key, which is one.
fn is_key(script: &Script) -> bool {
    script.is_p2pk() && {
        let bytes = script.as_bytes();
        PublicKey::from_slice(&bytes[1..bytes.len() - 1]).is_ok()
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests;
