//! The private chain of a test rig.

use std::time::Duration;

use super::deployment::SETTLED;
use super::test::EXTENDED_KEYS;
use super::{
    ASSUME_VALID_AFTER, AddressParams, AuxPowParams, BRIDGE, Deployment, DeploymentStart, Genesis, Heights,
    MASTERNODE_COLLATERAL, NevmParams, Params, QuorumSchedule, Retargeting, SubsidySchedule, WorkParams,
    parse_target, parse_work,
};
use crate::activation::Activation;
use crate::network::Network;

const CHECKPOINTS: &[(u32, &str)] = &[(
    0,
    "28a2c2d251f46fac05ade79085cbcb2ae4ec67ea24f1f1c7b40a348c00521194",
)];

pub(super) fn params() -> Params {
    let mut deployments = SETTLED;
    deployments[0] = Deployment {
        start: DeploymentStart::At(0),
        ..deployments[0]
    };
    Params {
        network: Network::Regtest,
        genesis: Genesis {
            time: 1_553_040_331,
            bits: 0x207f_ffff,
            nonce: 3,
        },
        magic: [0xfa, 0xbf, 0xb5, 0xda],
        p2p_port: 18444,
        address: AddressParams {
            public_key: 111,
            script: 196,
            secret_key: 239,
            extended_public_key: EXTENDED_KEYS[0],
            extended_secret_key: EXTENDED_KEYS[1],
            hrp: "bcrt".to_owned(),
        },
        aux_pow: AuxPowParams {
            chain_id: 16,
            old_chain_id: 4096,
            strict_chain_id: true,
        },
        work: WorkParams {
            limit: parse_target("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
            timespan: 21_600,
            spacing_before_nevm: 60,
            spacing: 150,
            minimum_difficulty_after: Some(1200),
            retargeting: Retargeting::Fixed,
        },
        subsidy: SubsidySchedule::Halving { interval: 150 },
        superblock_cycle: Some(10),
        masternode_collateral: MASTERNODE_COLLATERAL,
        nevm: NevmParams {
            chain_id: 5700,
            bridge: BRIDGE,
            second_bridge: [0x11; 20],
        },
        heights: Heights {
            bip34: Activation::at(1),
            bip65: Activation::at(1),
            bip66: Activation::at(1),
            csv: Activation::at(1),
            segwit: Activation::at(0),
            no_legacy_blocks: Activation::at(0),
            bridge: Activation::at(0),
            dip3: Activation::at(432),
            dip3_enforcement: Activation::at(432),
            nevm: Activation::at(2050),
            v19: Activation::at(0),
            poda: Activation::at(0),
            nexus: Activation::at(432),
            bridge_v2: Activation::NEVER,
            chainlock_receipts: Activation::NEVER,
            bitcoin_checkpoints: Activation::NEVER,
        },
        quorum: Some(QuorumSchedule {
            size: 3,
            interval: 24,
            window_start: 10,
            window_end: 18,
        }),
        signet_challenge: None,
        checkpoints: CHECKPOINTS,
        assume_valid: None,
        assume_valid_after: Duration::from_secs(ASSUME_VALID_AFTER.as_secs() / 10),
        minimum_chain_work: parse_work("0"),
        assumed_coins: super::assumed::regtest(),
        deployments,
        rule_change_threshold: 108,
        miner_confirmation_window: 144,
    }
}
