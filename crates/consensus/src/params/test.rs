//! The public test chain.

use super::deployment::SETTLED;
use super::main::{LIMIT, QUORUM};
use super::{
    ASSUME_VALID_AFTER, AddressParams, AuxPowParams, BRIDGE, Genesis, Heights, MASTERNODE_COLLATERAL,
    NevmParams, Params, Retargeting, SECOND_BRIDGE, SubsidySchedule, WorkParams, parse_hash, parse_target,
    parse_work,
};
use crate::activation::Activation;
use crate::network::Network;

const CHECKPOINTS: &[(u32, &str)] = &[
    (
        360,
        "00000c04c5926f539074420b40088d4b099d748d07795df891ca391799b6e54c",
    ),
    (
        250_000,
        "00000131e97a4cb713338f33b8fa6573c85f1772e4dd7d510ca2281cc0be86e2",
    ),
    (
        534_114,
        "0000013d53482bd69c5403f344643668619f77302910e57ffe7b1d375e73cc91",
    ),
    (
        838_467,
        "0000003243223caf052c7e5e6710fae794dbdc10949a594550f073dbf5755bd4",
    ),
    (
        900_000,
        "000000071b620e50257980306f48a8f8f331dbf385c52b8a1bea11331d020e5e",
    ),
    (
        1_000_000,
        "000000236997f1bbd8b2d0d8ecf982cce3f5ec4ace44cc7853a26fffa366b6ab",
    ),
    (
        1_020_000,
        "00000029c0b3acda1d389c7d980a93315a8d74ccfe299621ac895358393e2f46",
    ),
    (
        1_023_125,
        "0000002b308601b4b68bc4ab58f434252bc6fc07c147b14e6ccc996e5a6af219",
    ),
    (
        1_023_126,
        "000003820d73f238c939b9c4f87ae1ad6851e346153620a5140c3d4d0a8cb442",
    ),
    (
        1_023_140,
        "0000002da4aa86462e1c60bbd7d28b89229592bb82828ff487d88a4996c6e0e2",
    ),
];

/// What extended public and private keys begin with on all test chains.
pub(super) const EXTENDED_KEYS: [[u8; 4]; 2] = [[0x04, 0x35, 0x87, 0xcf], [0x04, 0x35, 0x83, 0x94]];

pub(super) fn params() -> Params {
    Params {
        network: Network::Test,
        genesis: Genesis {
            time: 1_576_000_000,
            bits: 0x1e0f_ffff,
            nonce: 297_648,
        },
        magic: [0xce, 0xe2, 0xca, 0xfe],
        p2p_port: 18369,
        address: AddressParams {
            public_key: 65,
            script: 196,
            secret_key: 239,
            extended_public_key: EXTENDED_KEYS[0],
            extended_secret_key: EXTENDED_KEYS[1],
            hrp: "tsys".to_owned(),
        },
        aux_pow: AuxPowParams {
            chain_id: 8,
            old_chain_id: 4096,
            strict_chain_id: false,
        },
        work: WorkParams {
            limit: parse_target(LIMIT),
            timespan: 21_600,
            spacing_before_nevm: 60,
            spacing: 150,
            minimum_difficulty_after: Some(1200),
            retargeting: Retargeting::Follows,
        },
        subsidy: SubsidySchedule::YearlyRecounted { interval: 210_240 },
        superblock_cycle: Some(60),
        masternode_collateral: MASTERNODE_COLLATERAL,
        nevm: NevmParams {
            chain_id: 5700,
            bridge: BRIDGE,
            second_bridge: SECOND_BRIDGE,
        },
        heights: Heights {
            bip34: Activation::at(1),
            bip65: Activation::at(1),
            bip66: Activation::at(1),
            csv: Activation::at(1),
            segwit: Activation::at(0),
            no_legacy_blocks: Activation::at(1),
            bridge: Activation::at(1000),
            dip3: Activation::at(545_000),
            dip3_enforcement: Activation::at(545_000),
            nevm: Activation::at(840_000),
            v19: Activation::at(1_063_000),
            poda: Activation::at(1_022_500),
            nexus: Activation::at(1_505_000),
            bridge_v2: Activation::at(1_786_999),
            chainlock_receipts: Activation::at(1_746_000),
            bitcoin_checkpoints: Activation::NEVER,
        },
        quorum: Some(QUORUM),
        signet_challenge: None,
        checkpoints: CHECKPOINTS,
        assume_valid: Some(parse_hash(
            "0000002da4aa86462e1c60bbd7d28b89229592bb82828ff487d88a4996c6e0e2",
        )),
        assume_valid_after: ASSUME_VALID_AFTER,
        minimum_chain_work: parse_work("2413744a0ef5"),
        assumed_coins: Vec::new(),
        deployments: SETTLED,
        rule_change_threshold: 1512,
        miner_confirmation_window: 2016,
    }
}
