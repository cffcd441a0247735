//! What a node's owner decides on.

use std::time::Duration;

use crate::fee_rate::FeeRate;

/// How many transactions that are not confirmed may stand on one another, and how large they may be together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A transaction and those that it stands on (`-limitancestorcount`).
    pub ancestor_count: u64,
    /// Their size in virtual bytes (`-limitancestorsize`).
    pub ancestor_size: u64,
    /// A transaction and those that stand on it (`-limitdescendantcount`).
    pub descendant_count: u64,
    /// Their size in virtual bytes (`-limitdescendantsize`).
    pub descendant_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ancestor_count: 25,
            ancestor_size: 101_000,
            descendant_count: 25,
            descendant_size: 101_000,
        }
    }
}

/// What a node's owner decides on. The defaults are upstream's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whether transactions that are not standard are refused (`-acceptnonstdtxn=0`).
    pub requires_standard: bool,
    /// How much memory the pool may take, in bytes (`-maxmempool`).
    pub max_usage: usize,
    /// How long a transaction may stay (`-mempoolexpiry`).
    pub expiry: Duration,
    /// How many may stand on one another.
    pub limits: Limits,
    /// What must be paid at least (`-minrelaytxfee`).
    pub min_relay: FeeRate,
    /// By how much a replacement must pay more (`-incrementalrelayfee`).
    pub incremental: FeeRate,
    /// The rate at which spending an output must not cost more than it is worth (`-dustrelayfee`).
    pub dust: FeeRate,
    /// How many virtual bytes a signature operation counts for at least (`-bytespersigop`).
    pub bytes_per_sigop: u64,
    /// How long the script of an output with data may be (`-datacarriersize`); none are relayed without (`-datacarrier`).
    pub max_data_carrier: Option<usize>,
    /// Whether outputs may ask for several signatures without a hash (`-permitbaremultisig`).
    pub permits_bare_multisig: bool,
    /// Whether transactions are replaced that do not say that they may be (`-mempoolfullrbf`).
    pub full_replacement: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            requires_standard: true,
            max_usage: 300_000_000,
            expiry: Duration::from_secs(336 * 60 * 60),
            limits: Limits::default(),
            min_relay: FeeRate::per_kvb(1000),
            incremental: FeeRate::per_kvb(1000),
            dust: FeeRate::per_kvb(3000),
            bytes_per_sigop: 20,
            max_data_carrier: Some(83),
            permits_bare_multisig: true,
            full_replacement: false,
        }
    }
}
