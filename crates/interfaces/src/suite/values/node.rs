//! The types of nodes.

use std::net::IpAddr;

use crate::suite::crossing::{choices, plain, structures};

plain! {
    IpAddr => |draw| if bool::draw(draw) {
        IpAddr::from(draw.bytes::<4>())
    } else {
        IpAddr::from(draw.bytes::<16>())
    };
}

structures! {
    NetworkProxy { address, randomize_credentials }
    PeerStats {
        id, address, local_address, network, inbound, connection_kind, transport, version, user_agent, services,
        connected, last_send, last_receive, bytes_sent, bytes_received, ping, min_ping, time_offset, starting_height,
        synced_headers, synced_blocks, relays_transactions, permissions
    }
    Ban { subnet, created, until }
    LocalAddress { address, port, score }
    LogCategory { name, active }
    StartedAt { tip, header_tip, verification_progress }
    BlockTip { block, time }
}

choices! {
    Network { Ipv4, Ipv6, Onion, I2p, Cjdns, Internal }
    ConnectionDirection { Inbound, Outbound, Both }
    SynchronizationState { Reindexing, Downloading, Following }
    MessageStyle { Information, Warning, Error }
}
