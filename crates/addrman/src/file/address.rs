//! Addresses and entries as bytes: in the form of BIP 155, and in the one before it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::PeersError;
use super::bytes::{Bytes, push_compact};
use crate::address::NetAddress;
use crate::endpoint::Endpoint;
use crate::entry::{Entry, PeerAddress};

/// The version that wrote an entry, which nobody needs to know.
const VERSION: u32 = 220_000;

/// The bits of it that say nothing.
const VERSION_IGNORED: u32 = 0x0007_ffff;

/// Says that an entry has the form of BIP 155.
const VERSION_BIP155: u32 = 1 << 29;

/// The longest address of any network.
const MAX_LENGTH: u64 = 512;

/// BIP 155's numbers of networks, with the lengths of their addresses.
const IPV4: u8 = 1;
const IPV6: u8 = 2;
const ONION_V2: u8 = 3;
const ONION: u8 = 4;
const I2P: u8 = 5;
const CJDNS: u8 = 6;

/// What stands for an address that cannot be used.
const NONE: NetAddress = NetAddress::Ipv6(Ipv6Addr::UNSPECIFIED);

/// In which form addresses are that are no part of an entry of their own form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// 16 bytes.
    Old,
    /// BIP 155's.
    Bip155,
}

pub(super) fn write_entry(bytes: &mut Vec<u8>, entry: &Entry) {
    let PeerAddress {
        endpoint,
        services,
        time,
    } = entry.peer;
    bytes.extend((VERSION | VERSION_BIP155).to_le_bytes());
    bytes.extend(u32::try_from(time).unwrap_or(u32::MAX).to_le_bytes());
    push_compact(bytes, services);
    write_address(bytes, &endpoint.address);
    bytes.extend(endpoint.port.to_be_bytes());
    write_address(bytes, &entry.source);
    bytes.extend(entry.last_success.to_le_bytes());
    bytes.extend(entry.attempts.to_le_bytes());
}

fn write_address(bytes: &mut Vec<u8>, address: &NetAddress) {
    let (network, own) = match address {
        NetAddress::Ipv4(address) => (IPV4, address.octets().to_vec()),
        NetAddress::Ipv6(_) | NetAddress::Internal(_) => (IPV6, address.bytes()),
        NetAddress::Onion(_) => (ONION, address.bytes()),
        NetAddress::I2p(_) => (I2P, address.bytes()),
        NetAddress::Cjdns(_) => (CJDNS, address.bytes()),
    };
    bytes.push(network);
    push_compact(bytes, own.len() as u64);
    bytes.extend(own);
}

pub(super) fn read_entry(bytes: &mut Bytes<'_>, form: Form) -> Result<Entry, PeersError> {
    let own = match (bytes.u32()? & !VERSION_IGNORED, form) {
        (0, _) => Form::Old,
        (VERSION_BIP155, Form::Bip155) => Form::Bip155,
        _ => return Err(PeersError::EntryVersion),
    };
    let time = u64::from(bytes.u32()?);
    let services = match own {
        Form::Old => bytes.u64()?,
        Form::Bip155 => bytes.compact()?,
    };
    let address = read_address(bytes, own)?;
    let port = u16::from_be_bytes(bytes.array()?);
    let source = read_address(bytes, form)?;
    let peer = PeerAddress {
        endpoint: Endpoint { address, port },
        services,
        time,
    };
    let mut entry = Entry::new(peer, source);
    entry.last_success = i64::from_le_bytes(bytes.array()?);
    entry.attempts = u32::try_from(bytes.i32()?).unwrap_or(0);
    Ok(entry)
}

fn read_address(bytes: &mut Bytes<'_>, form: Form) -> Result<NetAddress, PeersError> {
    if form == Form::Old {
        return Ok(old_address(bytes.array()?));
    }
    let network = bytes.byte()?;
    let length = bytes.compact()?;
    if length > MAX_LENGTH {
        return Err(PeersError::LongAddress { length });
    }
    let own = bytes.take(usize::try_from(length).unwrap_or(usize::MAX))?;
    let wrong = |name, expected| PeersError::AddressLength {
        name,
        length,
        expected,
    };
    Ok(match network {
        IPV4 => {
            let own: [u8; 4] = own.try_into().map_err(|_| wrong("IPv4", 4))?;
            NetAddress::Ipv4(Ipv4Addr::from(own))
        }
        IPV6 => ipv6_address(own.try_into().map_err(|_| wrong("IPv6", 16))?),
        ONION_V2 if own.len() != 10 => return Err(wrong("TORv2", 10)),
        ONION => NetAddress::Onion(own.try_into().map_err(|_| wrong("TORv3", 32))?),
        I2P => NetAddress::I2p(own.try_into().map_err(|_| wrong("I2P", 32))?),
        CJDNS => NetAddress::Cjdns(own.try_into().map_err(|_| wrong("CJDNS", 16))?),
        // Networks that are gone or to come.
        _ => NONE,
    })
}

/// What stands for other networks in IPv6 has forms of its own in BIP 155, names excepted.
fn ipv6_address(bytes: [u8; 16]) -> NetAddress {
    let address = Ipv6Addr::from_octets(bytes);
    match NetAddress::from(IpAddr::V6(address)) {
        NetAddress::Ipv4(_) => NONE,
        _ if is_old_onion(bytes) => NONE,
        other => other,
    }
}

fn old_address(bytes: [u8; 16]) -> NetAddress {
    match is_old_onion(bytes) {
        true => NONE,
        false => NetAddress::from(IpAddr::V6(Ipv6Addr::from_octets(bytes))),
    }
}

/// Whether it stands for a Tor service of version 2, of which there are none any more.
fn is_old_onion(bytes: [u8; 16]) -> bool {
    bytes.starts_with(&[0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43])
}
