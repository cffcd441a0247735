//! What transactions of masternodes say.

use std::net::Ipv6Addr;

use bitcoin::consensus::encode::{Decodable, Error};
use bitcoin::{OutPoint, Script, ScriptBuf, Transaction};

use crate::transaction::{TransactionKind, syscoin_data};

/// A public key of BLS, in bytes.
const PUBLIC_KEY: usize = 48;

/// A signature of BLS, in bytes.
const SIGNATURE: usize = 96;

/// The hash of a key.
type KeyHash = [u8; 20];

/// Where a masternode can be found.
pub(super) struct Service {
    pub(super) address: Ipv6Addr,
    pub(super) port: u16,
}

impl Service {
    /// Whether it says nothing.
    pub(super) fn is_unset(&self) -> bool {
        self.address.is_unspecified() && self.port == 0
    }
}

/// Version 80.
pub(super) struct Registration {
    pub(super) version: u16,
    pub(super) kind: u16,
    pub(super) mode: u16,
    /// What is locked up; an output of this transaction if the id is zero.
    pub(super) collateral: OutPoint,
    pub(super) service: Service,
    pub(super) owner: KeyHash,
    pub(super) operator: [u8; PUBLIC_KEY],
    pub(super) voter: KeyHash,
    /// What part of the payments the operator gets, in hundredths of per cents.
    pub(super) operator_reward: u16,
    pub(super) payee: ScriptBuf,
    pub(super) inputs_hash: [u8; 32],
    pub(super) signature: Vec<u8>,
}

impl Registration {
    /// Whether a script pays to the owner's or the voter's key, in a witness.
    pub(super) fn is_of_keys(&self, script: &Script) -> bool {
        script.is_p2wpkh() && [&self.owner[..], &self.voter].contains(&&script.as_bytes()[2..])
    }
}

/// Version 82.
pub(super) struct RegistrarUpdate {
    pub(super) version: u16,
    pub(super) mode: u16,
    pub(super) operator: [u8; PUBLIC_KEY],
    pub(super) voter: KeyHash,
    pub(super) payee: ScriptBuf,
}

/// What a transaction of a masternode says, as far as anything depends on it.
pub(super) enum Payload {
    /// It is in an unknown form, which ends after the number of the version.
    UnknownVersion,
    Register(Registration),
    UpdateService {
        version: u16,
        service: Service,
    },
    UpdateRegistrar(RegistrarUpdate),
    Revoke {
        version: u16,
        reason: u16,
    },
}

/// Reads what a transaction of a masternode says, which must be all of its data.
pub(super) fn read(transaction: &Transaction) -> Option<Payload> {
    let mut data = syscoin_data(transaction)?;
    let payload = read_payload(TransactionKind::of(transaction), &mut data).ok()??;
    data.is_empty().then_some(payload)
}

fn read_payload(kind: TransactionKind, data: &mut &[u8]) -> Result<Option<Payload>, Error> {
    let version = u16::consensus_decode(data)?;
    let newest = match kind {
        TransactionKind::MasternodeUpdateService => 3,
        _ => 2,
    };
    if !(1..=newest).contains(&version) {
        return Ok(Some(Payload::UnknownVersion));
    }
    let payload = match kind {
        TransactionKind::MasternodeRegister => Payload::Register(read_registration(version, data)?),
        TransactionKind::MasternodeUpdateService => {
            let _masternode: [u8; 32] = Decodable::consensus_decode(data)?;
            let service = read_service(data)?;
            let _operators_payee = ScriptBuf::consensus_decode(data)?;
            let _inputs_hash: [u8; 32] = Decodable::consensus_decode(data)?;
            let _signature: [u8; SIGNATURE] = read_bytes(data)?;
            if version >= 3 {
                let _nevm_address = Vec::<u8>::consensus_decode(data)?;
            }
            Payload::UpdateService { version, service }
        }
        TransactionKind::MasternodeUpdateRegistrar => {
            let _masternode: [u8; 32] = Decodable::consensus_decode(data)?;
            let update = RegistrarUpdate {
                version,
                mode: Decodable::consensus_decode(data)?,
                operator: read_bytes(data)?,
                voter: read_bytes(data)?,
                payee: Decodable::consensus_decode(data)?,
            };
            let _inputs_hash: [u8; 32] = Decodable::consensus_decode(data)?;
            let _signature = Vec::<u8>::consensus_decode(data)?;
            Payload::UpdateRegistrar(update)
        }
        TransactionKind::MasternodeRevoke => {
            let _masternode: [u8; 32] = Decodable::consensus_decode(data)?;
            let reason = Decodable::consensus_decode(data)?;
            let _inputs_hash: [u8; 32] = Decodable::consensus_decode(data)?;
            let _signature: [u8; SIGNATURE] = read_bytes(data)?;
            Payload::Revoke { version, reason }
        }
        _ => return Ok(None),
    };
    Ok(Some(payload))
}

fn read_registration(version: u16, data: &mut &[u8]) -> Result<Registration, Error> {
    Ok(Registration {
        version,
        kind: Decodable::consensus_decode(data)?,
        mode: Decodable::consensus_decode(data)?,
        collateral: Decodable::consensus_decode(data)?,
        service: read_service(data)?,
        owner: read_bytes(data)?,
        operator: read_bytes(data)?,
        voter: read_bytes(data)?,
        operator_reward: Decodable::consensus_decode(data)?,
        payee: Decodable::consensus_decode(data)?,
        inputs_hash: Decodable::consensus_decode(data)?,
        signature: Decodable::consensus_decode(data)?,
    })
}

/// An address of 16 bytes, and a port whose highest byte comes first.
fn read_service(data: &mut &[u8]) -> Result<Service, Error> {
    let address: [u8; 16] = read_bytes(data)?;
    Ok(Service {
        address: address.into(),
        port: u16::from_be_bytes(read_bytes(data)?),
    })
}

/// So many bytes as they are.
fn read_bytes<const LENGTH: usize>(data: &mut &[u8]) -> Result<[u8; LENGTH], Error> {
    let (bytes, rest) = data
        .split_first_chunk()
        .ok_or(Error::ParseFailed("there are too few bytes"))?;
    *data = rest;
    Ok(*bytes)
}
