use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::address::NetAddress;
use crate::entry::PeerAddress;

pub(crate) const NOW: u64 = 1_700_000_000;

/// Something that is done with a manager; nodes and sources are numbers.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Add { node: u32, source: u32 },
    Good { node: u32 },
    Attempt { node: u32 },
    Connected { node: u32 },
    Resolve { later: u64 },
    Use,
}

fn address(number: u32) -> NetAddress {
    let number_of_kind = number / 4;
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number_of_kind.to_le_bytes());
    match number % 4 {
        0 => NetAddress::Onion(key),
        1 => NetAddress::I2p(key),
        // Many share a group, so that they meet.
        2 => NetAddress::Ipv4(Ipv4Addr::from_bits(0x0102_0000 + number_of_kind)),
        _ => NetAddress::Ipv4(Ipv4Addr::from_bits(0x2000_0000 + number_of_kind * 0x1_0000)),
    }
}

pub(crate) fn peer(number: u32) -> PeerAddress {
    PeerAddress {
        endpoint: Endpoint {
            address: address(number),
            port: 8369,
        },
        services: 9,
        time: NOW - u64::from(number),
    }
}

pub(crate) fn run(manager: &mut AddressManager, step: &Step) {
    match *step {
        Step::Add { node, source } => {
            manager.add(&[peer(node)], &address(source), 0, NOW);
        }
        Step::Good { node } => {
            manager.good(&peer(node).endpoint, NOW);
        }
        Step::Attempt { node } => manager.attempt(&peer(node).endpoint, true, NOW),
        Step::Connected { node } => manager.connected(&peer(node).endpoint, NOW),
        Step::Resolve { later } => manager.resolve_collisions(NOW + later),
        Step::Use => {
            manager.select(false, None, NOW);
            manager.select_collision();
            manager.addresses(0, 23, None, NOW);
        }
    }
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let nodes = 0_u32..2_000;
    let step = prop_oneof![
        8 => (nodes.clone(), 0_u32..200).prop_map(|(node, source)| Step::Add { node, source }),
        4 => nodes.clone().prop_map(|node| Step::Good { node }),
        1 => nodes.clone().prop_map(|node| Step::Attempt { node }),
        1 => nodes.prop_map(|node| Step::Connected { node }),
        1 => (0_u64..100_000).prop_map(|later| Step::Resolve { later }),
        1 => Just(Step::Use),
    ];
    proptest::collection::vec(step, 0..1_500)
}

fn manager() -> AddressManager {
    AddressManager::with_secrets(Key([1; 32]), &[2; 32])
}

fn add(manager: &mut AddressManager, node: u32) -> bool {
    manager.add(&[peer(node)], &address(node), 0, NOW)
}

#[test]
fn an_address_is_new_until_it_is_reached() {
    let mut manager = manager();
    let endpoint = peer(2).endpoint;
    assert!(add(&mut manager, 2));
    assert!(!add(&mut manager, 2), "it is known");
    assert_eq!((manager.n_new, manager.n_tried), (1, 0));
    assert!(manager.good(&endpoint, NOW));
    assert!(!manager.good(&endpoint, NOW), "it is tried");
    assert_eq!((manager.n_new, manager.n_tried), (0, 1));
    assert_eq!(manager.len(Some(Network::Ipv4), Some(Table::Tried)), 1);
    assert_eq!(manager.len(Some(Network::Onion), None), 0);
    assert!(!manager.good(&peer(6).endpoint, NOW), "nobody told of it");
}

#[test]
fn what_nobody_can_connect_to_is_not_remembered() {
    let mut manager = manager();
    let mut own = peer(2);
    own.endpoint.address = NetAddress::Ipv4(Ipv4Addr::new(192, 168, 0, 1));
    assert!(!manager.add(&[own], &address(2), 0, NOW));
    assert!(manager.is_empty());
}

#[test]
fn a_place_among_the_tried_is_lost_only_by_those_who_fail() {
    let mut manager = manager();
    let mut waiting = None;
    for node in (2..40_000).step_by(4) {
        add(&mut manager, node);
        let endpoint = peer(node).endpoint;
        if manager.ids.contains_key(&endpoint) && !manager.good(&endpoint, NOW) {
            waiting = Some(endpoint);
            break;
        }
    }
    let waiting = waiting.unwrap();
    let former = manager.select_collision().unwrap().endpoint;
    manager.resolve_collisions(NOW + 60);
    assert!(manager.select_collision().is_none(), "who was just reached stays");
    let later = NOW + REPLACEMENT_AND_MORE;
    assert!(!manager.good(&waiting, later));
    manager.attempt(&former, true, later);
    manager.resolve_collisions(later + 30);
    assert!(
        !manager.entry(manager.ids[&waiting]).is_tried,
        "it has time to answer"
    );
    manager.resolve_collisions(later + 61);
    assert!(manager.entry(manager.ids[&waiting]).is_tried);
    assert!(!manager.entry(manager.ids[&former]).is_tried);
    assert_eq!(manager.check(), Ok(()));
}

const REPLACEMENT_AND_MORE: u64 = 5 * 60 * 60;

#[test]
fn failures_are_counted_once_for_each_success_elsewhere() {
    let mut manager = manager();
    add(&mut manager, 2);
    add(&mut manager, 3);
    let endpoint = peer(2).endpoint;
    for round in 0..3 {
        manager.good(&peer(3).endpoint, NOW + 10 * round + 1);
        for _ in 0..3 {
            manager.attempt(&endpoint, true, NOW + 10 * round + 2);
        }
    }
    let id = manager.ids[&endpoint];
    assert_eq!(manager.entry(id).attempts, 3);
    let later = NOW + 3_600;
    assert!(manager.entry(id).is_terrible(later));
    let told: Vec<_> = manager
        .addresses(0, 0, None, later)
        .iter()
        .map(|peer| peer.endpoint)
        .collect();
    assert_eq!(told, [peer(3).endpoint], "nobody is told of what fails");
}

#[test]
fn nodes_are_chosen_from_the_network_that_is_asked_for() {
    let mut manager = manager();
    assert_eq!(manager.select(false, None, NOW), None);
    for node in 0..8 {
        add(&mut manager, node);
    }
    manager.good(&peer(0).endpoint, NOW);
    for _ in 0..50 {
        let (chosen, _) = manager.select(false, Some(Network::Onion), NOW).unwrap();
        assert_eq!(chosen.endpoint.address.network(), Network::Onion);
        let (chosen, _) = manager.select(true, None, NOW).unwrap();
        assert_ne!(chosen.endpoint, peer(0).endpoint, "it was reached");
    }
    assert_eq!(manager.select(false, Some(Network::Cjdns), NOW), None);
    let told = manager.addresses(3, 0, None, NOW);
    assert_eq!(told.len(), 3);
    assert_eq!(manager.addresses(0, 50, None, NOW).len(), 4);
    assert_eq!(manager.addresses(0, 0, Some(Network::I2p), NOW).len(), 2);
}

#[test]
fn one_source_reaches_few_buckets() {
    let mut manager = manager();
    let source = address(2);
    for node in (3..60_000).step_by(4) {
        manager.add(&[peer(node)], &source, 0, NOW);
    }
    let buckets: std::collections::BTreeSet<usize> = manager
        .entries(Table::New)
        .map(|(place, _)| place.bucket)
        .collect();
    assert!((32..=64).contains(&buckets.len()), "{}", buckets.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn tables_and_entries_agree_after_anything(steps in steps()) {
        let mut manager = manager();
        for step in &steps {
            run(&mut manager, step);
        }
        prop_assert_eq!(manager.check(), Ok(()));
    }
}
