//! The chain with value.

use super::deployment::SETTLED;
use super::{
    ASSUME_VALID_AFTER, AddressParams, AuxPowParams, BRIDGE, Genesis, Heights, MASTERNODE_COLLATERAL,
    NevmParams, Params, QuorumSchedule, Retargeting, SECOND_BRIDGE, SubsidySchedule, WorkParams, parse_hash,
    parse_target, parse_work,
};
use crate::activation::Activation;
use crate::network::Network;

const CHECKPOINTS: &[(u32, &str)] = &[
    (
        250,
        "00000c9ec0f9d60ce297bf9f9cbe1f2eb39165a0d3f69c1c55fc3f6680fe45c8",
    ),
    (
        5_000,
        "eef3554a3f467bcdc7570f799cecdb262058cecf34d555827c99b5719b1df4f6",
    ),
    (
        10_000,
        "e44257e8e027e8a67fd647c54e1bd6976988d75b416affabe3f82fd87a67f5ff",
    ),
    (
        40_000,
        "4ad1ec207d62fa91485335feaf890150a0f4cf48c39b11e3dbfc22bdecc29dbc",
    ),
    (
        100_000,
        "a54904302fd6fd0ee561cb894f15ad8c21c2601b305ffa9e15ef00df1c50db16",
    ),
    (
        150_000,
        "73850eb99a6c32b4bfd67a26a7466ce3d0b4412d4174590c501e567c99f038fd",
    ),
    (
        200_000,
        "a28fe36c63acb38065dadf09d74de5fdc1dac6433c204b215b37bab312dfab0d",
    ),
    (
        240_000,
        "906918ba0cbfbd6e4e4e00d7d47d08bef3e409f47b59cb5bd3303f5276b88f0f",
    ),
    (
        280_000,
        "651375427865345d37a090ca561c1ed135c6b8dafa591a59f2abf1eb26dfd538",
    ),
    (
        292_956,
        "ae6dca1b9dd7adcb8a11c8ea7f9fe72bb47ff6e4156e1d172e2a8612b18a319d",
    ),
    (
        350_000,
        "02501c7feba858c83e005acbf0505a892081288dcf7a8a37bd4fc47d7c24c799",
    ),
    (
        390_000,
        "8654451a7ed5286ba5c830cdf6e65cbbd7a77f650216541bfbe50af04933741b",
    ),
    (
        391_285,
        "76d13e8f08c2b7027251484078f734f91c485727031be6b4c21c42d5e103d0ad",
    ),
    (
        419_800,
        "4c332acd53ca99ab78fb80a3dacffe234674674e0b682350c492d7fe839d128e",
    ),
    (
        600_000,
        "de2321b2a3b927450835590111bbbc9220d49df865117a33fb3c4687aedbbe9c",
    ),
    (
        700_000,
        "f5d72e57625c2af8cd5147e1e029e8353fea22fde1fcea06f67149d0af1fbf09",
    ),
    (
        800_000,
        "54bf4bd4b5c7d36323fed4b649e75e0ce4902261533d13a15c861fa2ab3c7362",
    ),
    (
        998_000,
        "e9599cf8d6462f63f17a8ec790803cf77028a380a1de84a976039914a45f5abb",
    ),
    (
        1_213_640,
        "bd9ff6428a7cc472d3813bbee6fb3ae1a9992b8b034deca1249487a4a1b8e51a",
    ),
    (
        1_400_000,
        "ca0067113d48a87eaed88c1410cacfe07441e191487383b79bf7069a678ede4a",
    ),
    (
        1_576_166,
        "4b8519c2193265fe269e88361787339504dda66b4efa85613c661a431ad1624c",
    ),
    (
        1_586_970,
        "5c5a43bece78786ee261458dc300323cec0485b61d6b33a65d624aadf9a1d35b",
    ),
    (
        1_632_040,
        "12a436d9fa797ab570d01af510ee0f7ee1fb61361f0bb23e8418014a5f981f72",
    ),
];

/// Quorums of 400, formed each half a day.
pub(super) const QUORUM: QuorumSchedule = QuorumSchedule {
    size: 400,
    interval: 288,
    window_start: 20,
    window_end: 28,
};

/// The easiest target, with 20 zero bits before it.
pub(super) const LIMIT: &str = "00000fffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

pub(super) fn params() -> Params {
    Params {
        network: Network::Main,
        genesis: Genesis {
            time: 1_559_520_000,
            bits: 0x1e0f_ffff,
            nonce: 1_372_898,
        },
        magic: [0xce, 0xe2, 0xca, 0xff],
        p2p_port: 8369,
        address: AddressParams {
            public_key: 63,
            script: 5,
            secret_key: 128,
            extended_public_key: [0x04, 0x88, 0xb2, 0x1e],
            extended_secret_key: [0x04, 0x88, 0xad, 0xe4],
            hrp: "sys".to_owned(),
        },
        aux_pow: AuxPowParams {
            chain_id: 16,
            old_chain_id: 4096,
            strict_chain_id: true,
        },
        work: WorkParams {
            limit: parse_target(LIMIT),
            timespan: 21_600,
            spacing_before_nevm: 60,
            spacing: 150,
            minimum_difficulty_after: None,
            retargeting: Retargeting::Follows,
        },
        subsidy: SubsidySchedule::Yearly { interval: 210_240 },
        superblock_cycle: Some(17_520),
        masternode_collateral: MASTERNODE_COLLATERAL,
        nevm: NevmParams {
            chain_id: 57,
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
            bridge: Activation::at(348_000),
            dip3: Activation::at(1_004_200),
            dip3_enforcement: Activation::at(1_004_200),
            nevm: Activation::at(1_317_500),
            v19: Activation::at(1_586_000),
            poda: Activation::at(1_586_000),
            nexus: Activation::at(2_010_345),
            bridge_v2: Activation::at(2_292_816),
            chainlock_receipts: Activation::at(2_292_816),
            bitcoin_checkpoints: Activation::NEVER,
        },
        quorum: Some(QUORUM),
        signet_challenge: None,
        checkpoints: CHECKPOINTS,
        assume_valid: Some(parse_hash(
            "12a436d9fa797ab570d01af510ee0f7ee1fb61361f0bb23e8418014a5f981f72",
        )),
        assume_valid_after: ASSUME_VALID_AFTER,
        minimum_chain_work: parse_work("5f7dbe3790a65f440bac51d0"),
        assumed_coins: Vec::new(),
        deployments: SETTLED,
        rule_change_threshold: 1815,
        miner_confirmation_window: 2016,
    }
}
