//! Rules that began or begin to hold in a running chain.

use super::Params;
use crate::activation::Activation;

/// A rule whose height is known, by the names of `-testactivationheight`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuriedDeployment {
    /// BIP 34.
    HeightInCoinbase,
    /// BIP 65.
    CheckLockTimeVerify,
    /// BIP 66.
    StrictSignatures,
    /// BIP 68, 112 and 113.
    CheckSequenceVerify,
    /// BIP 141, 143 and 147.
    Segwit,
}

impl BuriedDeployment {
    /// All of them, in the order in which RPC results list them.
    pub const ALL: [Self; 5] = [
        Self::HeightInCoinbase,
        Self::StrictSignatures,
        Self::CheckLockTimeVerify,
        Self::CheckSequenceVerify,
        Self::Segwit,
    ];

    /// The name that options and RPC results use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HeightInCoinbase => "bip34",
            Self::CheckLockTimeVerify => "bip65",
            Self::StrictSignatures => "bip66",
            Self::CheckSequenceVerify => "csv",
            Self::Segwit => "segwit",
        }
    }

    /// The rule that `-testactivationheight` calls so: `cltv` and `dersig` stand for the numbers.
    #[must_use]
    pub fn from_option(name: &str) -> Option<Self> {
        match name {
            "bip34" => Some(Self::HeightInCoinbase),
            "cltv" => Some(Self::CheckLockTimeVerify),
            "dersig" => Some(Self::StrictSignatures),
            "csv" => Some(Self::CheckSequenceVerify),
            "segwit" => Some(Self::Segwit),
            _ => None,
        }
    }
}

/// A rule that miners vote for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionBitsDeployment {
    /// No rule at all: for tests of the voting.
    TestDummy,
    /// BIP 340, 341 and 342.
    Taproot,
}

impl VersionBitsDeployment {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::TestDummy, Self::Taproot];

    /// The name that options and RPC results use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TestDummy => "testdummy",
            Self::Taproot => "taproot",
        }
    }
}

/// How a rule is voted for (BIP 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    /// The bit of a block's version that votes for it.
    pub bit: u8,
    /// When the voting starts.
    pub start: DeploymentStart,
    /// When it ends, in seconds since 1970 of the median time past; `i64::MAX` is never.
    pub timeout: i64,
    /// A rule that is locked in does not hold before this height.
    pub minimum_activation_height: u32,
}

/// When the voting for a rule starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentStart {
    /// There is no vote: the rule always holds.
    AlwaysActive,
    /// There is no vote: the rule never holds.
    NeverActive,
    /// At this median time past, in seconds since 1970.
    At(i64),
}

impl DeploymentStart {
    /// The start that `-vbparams` writes as this number: -1 is always, -2 is never.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        match number {
            -1 => Self::AlwaysActive,
            -2 => Self::NeverActive,
            time => Self::At(time),
        }
    }

    /// The number that RPC results show.
    #[must_use]
    pub fn to_number(self) -> i64 {
        match self {
            Self::AlwaysActive => -1,
            Self::NeverActive => -2,
            Self::At(time) => time,
        }
    }
}

/// Both rules of a chain without a vote that is open.
pub(super) const SETTLED: [Deployment; 2] = [
    Deployment {
        bit: 28,
        start: DeploymentStart::NeverActive,
        timeout: i64::MAX,
        minimum_activation_height: 0,
    },
    Deployment {
        bit: 2,
        start: DeploymentStart::AlwaysActive,
        timeout: i64::MAX,
        minimum_activation_height: 0,
    },
];

impl Params {
    /// When a rule begins to hold.
    #[must_use]
    pub fn buried(&self, deployment: BuriedDeployment) -> Activation {
        match deployment {
            BuriedDeployment::HeightInCoinbase => self.heights.bip34,
            BuriedDeployment::CheckLockTimeVerify => self.heights.bip65,
            BuriedDeployment::StrictSignatures => self.heights.bip66,
            BuriedDeployment::CheckSequenceVerify => self.heights.csv,
            BuriedDeployment::Segwit => self.heights.segwit,
        }
    }
}
