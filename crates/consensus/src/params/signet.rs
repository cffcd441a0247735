//! Bitcoin's signet.
//!
//! Upstream offers it, but leaves the heights of its own rules there unset. Here none of them ever holds, which is what
//! Bitcoin's signet needs.

use bitcoin::ScriptBuf;

use super::deployment::SETTLED;
use super::test::EXTENDED_KEYS;
use super::{
    ASSUME_VALID_AFTER, AddressParams, AuxPowParams, Genesis, Heights, MASTERNODE_COLLATERAL, NevmParams,
    Params, Retargeting, SubsidySchedule, WorkParams, parse_hash, parse_target, parse_work,
};
use crate::activation::Activation;
use crate::network::Network;

/// One of two keys must have signed a block.
const CHALLENGE: &str = "512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430210359ef5021964fe22d6f8e0\
                         5b2463c9540ce96883fe3b278760f048f5189f2e6c452ae";

pub(super) fn params() -> Params {
    Params {
        network: Network::Signet,
        genesis: Genesis {
            time: 1_598_918_400,
            bits: 0x1e03_77ae,
            nonce: 52_613_770,
        },
        magic: [0x0a, 0x03, 0xcf, 0x40],
        p2p_port: 38333,
        address: AddressParams {
            public_key: 111,
            script: 196,
            secret_key: 239,
            extended_public_key: EXTENDED_KEYS[0],
            extended_secret_key: EXTENDED_KEYS[1],
            hrp: "tb".to_owned(),
        },
        aux_pow: AuxPowParams {
            chain_id: 16,
            old_chain_id: 4096,
            strict_chain_id: false,
        },
        work: WorkParams {
            limit: parse_target("00000377ae000000000000000000000000000000000000000000000000000000"),
            timespan: 14 * 24 * 60 * 60,
            spacing_before_nevm: 600,
            spacing: 600,
            minimum_difficulty_after: None,
            retargeting: Retargeting::Follows,
        },
        subsidy: SubsidySchedule::Halving { interval: 210_000 },
        superblock_cycle: None,
        masternode_collateral: MASTERNODE_COLLATERAL,
        // There is none, and never will be.
        nevm: NevmParams {
            chain_id: 0,
            bridge: [0; 20],
            second_bridge: [0; 20],
        },
        heights: Heights {
            bip34: Activation::at(1),
            bip65: Activation::at(1),
            bip66: Activation::at(1),
            csv: Activation::at(1),
            segwit: Activation::at(1),
            no_legacy_blocks: Activation::NEVER,
            bridge: Activation::NEVER,
            dip3: Activation::NEVER,
            dip3_enforcement: Activation::NEVER,
            nevm: Activation::NEVER,
            v19: Activation::NEVER,
            poda: Activation::NEVER,
            nexus: Activation::NEVER,
            bridge_v2: Activation::NEVER,
            chainlock_receipts: Activation::NEVER,
            bitcoin_checkpoints: Activation::NEVER,
        },
        quorum: None,
        signet_challenge: Some(challenge()),
        checkpoints: &[],
        assume_valid: Some(parse_hash(
            "000000d1a0e224fa4679d2fb2187ba55431c284fa1b74cbc8cfda866fd4d2c09",
        )),
        assume_valid_after: ASSUME_VALID_AFTER,
        minimum_chain_work: parse_work("1291fc22898"),
        assumed_coins: Vec::new(),
        deployments: SETTLED,
        rule_change_threshold: 1815,
        miner_confirmation_window: 2016,
    }
}

fn challenge() -> ScriptBuf {
    ScriptBuf::from_hex(CHALLENGE).expect("the constant is hexadecimal: a test reads it")
}

#[cfg(test)]
mod tests {
    use bitcoin::consensus::encode::serialize;
    use bitcoin::hashes::{Hash, sha256d};

    use super::*;

    #[test]
    fn magic_is_the_beginning_of_the_challenges_hash() {
        assert_eq!(sha256d::Hash::hash(&serialize(&challenge()))[..4], params().magic);
    }
}
