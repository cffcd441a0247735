//! Which rules scripts are run with.

use std::ops::{BitOr, BitOrAssign};

use crate::network::Network;
use crate::params::Params;

/// A set of rules that scripts are run with, as bits of upstream's `SCRIPT_VERIFY_…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ScriptFlags(u32);

impl ScriptFlags {
    /// No rule but those of the first release.
    pub const NONE: Self = Self(0);
    /// BIP 16: scripts that hashes stand for are run.
    pub const P2SH: Self = Self(1);
    /// Signatures and keys are encoded in one of the known ways.
    pub const STRICTENC: Self = Self(1 << 1);
    /// BIP 66: signatures are strict DER.
    pub const DERSIG: Self = Self(1 << 2);
    /// Signatures have the lower one of their two S values (BIP 62).
    pub const LOW_S: Self = Self(1 << 3);
    /// BIP 147: what `OP_CHECKMULTISIG` takes off the stack besides is empty.
    pub const NULLDUMMY: Self = Self(1 << 4);
    /// The input's script only pushes (BIP 62).
    pub const SIGPUSHONLY: Self = Self(1 << 5);
    /// Pushes and numbers are as short as they can be (BIP 62).
    pub const MINIMALDATA: Self = Self(1 << 6);
    /// Operations that do nothing yet are refused.
    pub const DISCOURAGE_UPGRADABLE_NOPS: Self = Self(1 << 7);
    /// One element is left on the stack (BIP 62); only together with [`P2SH`](Self::P2SH) and
    /// [`WITNESS`](Self::WITNESS).
    pub const CLEANSTACK: Self = Self(1 << 8);
    /// BIP 65: `OP_CHECKLOCKTIMEVERIFY`.
    pub const CHECKLOCKTIMEVERIFY: Self = Self(1 << 9);
    /// BIP 112: `OP_CHECKSEQUENCEVERIFY`.
    pub const CHECKSEQUENCEVERIFY: Self = Self(1 << 10);
    /// BIP 141: witnesses; only together with [`P2SH`](Self::P2SH).
    pub const WITNESS: Self = Self(1 << 11);
    /// Witness programs of versions that mean nothing yet are refused.
    pub const DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM: Self = Self(1 << 12);
    /// What `OP_IF` looks at in witnesses of version 0 is empty or 1.
    pub const MINIMALIF: Self = Self(1 << 13);
    /// Signatures that fail are empty (BIP 146).
    pub const NULLFAIL: Self = Self(1 << 14);
    /// Keys in witnesses of version 0 are compressed.
    pub const WITNESS_PUBKEYTYPE: Self = Self(1 << 15);
    /// `OP_CODESEPARATOR`, and signatures in the script that they sign, are refused outside of witnesses.
    pub const CONST_SCRIPTCODE: Self = Self(1 << 16);
    /// BIP 341 and BIP 342: taproot.
    pub const TAPROOT: Self = Self(1 << 17);
    /// Taproot leaves of versions that mean nothing yet are refused.
    pub const DISCOURAGE_UPGRADABLE_TAPROOT_VERSION: Self = Self(1 << 18);
    /// `OP_SUCCESS` in taproot's scripts is refused.
    pub const DISCOURAGE_OP_SUCCESS: Self = Self(1 << 19);
    /// Keys of kinds that mean nothing yet are refused in taproot's scripts.
    pub const DISCOURAGE_UPGRADABLE_PUBKEYTYPE: Self = Self(1 << 20);

    /// The rules of blocks. A transaction that breaks one of them is invalid, not just
    /// unwanted.
    pub const MANDATORY: Self = Self::P2SH
        .union(Self::DERSIG)
        .union(Self::NULLDUMMY)
        .union(Self::CHECKLOCKTIMEVERIFY)
        .union(Self::CHECKSEQUENCEVERIFY)
        .union(Self::WITNESS)
        .union(Self::TAPROOT);

    /// The rules of transactions that a node relays.
    pub const STANDARD: Self = Self::MANDATORY
        .union(Self::STRICTENC)
        .union(Self::MINIMALDATA)
        .union(Self::DISCOURAGE_UPGRADABLE_NOPS)
        .union(Self::CLEANSTACK)
        .union(Self::MINIMALIF)
        .union(Self::NULLFAIL)
        .union(Self::LOW_S)
        .union(Self::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM)
        .union(Self::WITNESS_PUBKEYTYPE)
        .union(Self::CONST_SCRIPTCODE)
        .union(Self::DISCOURAGE_UPGRADABLE_TAPROOT_VERSION)
        .union(Self::DISCOURAGE_OP_SUCCESS)
        .union(Self::DISCOURAGE_UPGRADABLE_PUBKEYTYPE);

    /// The bits, as upstream numbers them.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// All rules of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The rules of both sets that are in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The rules of this set that are not in the other one.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all rules of the other set are in this one.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for ScriptFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl BitOrAssign for ScriptFlags {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.union(other);
    }
}

/// The rules that the scripts of a block of this height are run with; `None` if they are not run at all.
///
/// # Consensus
/// BIP 16, BIP 141 and BIP 341 hold for all blocks, BIP 65, 66, 112 and 147 from their heights on. Main and the
/// public test chain run no scripts before Nexus. Upstream's table of blocks that are exempt names two of Bitcoin's, which no Syscoin chain can have.
#[must_use]
pub fn block_script_flags(height: u32, params: &Params) -> Option<ScriptFlags> {
    let heights = &params.heights;
    let waits_for_nexus = matches!(params.network, Network::Main | Network::Test);
    if waits_for_nexus && !heights.nexus.is_active(height) {
        return None;
    }
    let mut flags = ScriptFlags::P2SH | ScriptFlags::WITNESS | ScriptFlags::TAPROOT;
    for (activation, rule) in [
        (heights.bip66, ScriptFlags::DERSIG),
        (heights.bip65, ScriptFlags::CHECKLOCKTIMEVERIFY),
        (heights.csv, ScriptFlags::CHECKSEQUENCEVERIFY),
        (heights.segwit, ScriptFlags::NULLDUMMY),
    ] {
        if activation.is_active(height) {
            flags |= rule;
        }
    }
    Some(flags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;

    #[test]
    fn the_rules_of_blocks_are_those_that_the_library_lists() {
        assert_eq!(
            ScriptFlags::MANDATORY.bits(),
            bitcoinconsensus::VERIFY_ALL_PRE_TAPROOT | bitcoinconsensus::VERIFY_TAPROOT
        );
        assert_eq!(
            ScriptFlags::STANDARD.bits(),
            (1 << 21) - 1 - ScriptFlags::SIGPUSHONLY.bits()
        );
    }

    #[test]
    fn rules_hold_from_their_heights_on() {
        let mut params = Params::new(Network::Regtest);
        let always = ScriptFlags::P2SH | ScriptFlags::WITNESS | ScriptFlags::TAPROOT;
        assert_eq!(
            block_script_flags(0, &params),
            Some(always | ScriptFlags::NULLDUMMY)
        );
        assert_eq!(block_script_flags(1, &params), Some(ScriptFlags::MANDATORY));
        params.heights.bip66 = Activation::at(102);
        params.heights.segwit = Activation::at(103);
        let later = ScriptFlags::DERSIG | ScriptFlags::NULLDUMMY;
        assert_eq!(
            block_script_flags(101, &params),
            Some(ScriptFlags::MANDATORY.without(later))
        );
        assert_eq!(
            block_script_flags(102, &params),
            Some(ScriptFlags::MANDATORY.without(ScriptFlags::NULLDUMMY))
        );
        assert_eq!(block_script_flags(103, &params), Some(ScriptFlags::MANDATORY));
    }

    #[test]
    fn public_chains_run_no_scripts_before_nexus() {
        let params = Params::new(Network::Main);
        assert_eq!(block_script_flags(2_010_344, &params), None);
        assert_eq!(
            block_script_flags(2_010_345, &params),
            Some(ScriptFlags::MANDATORY)
        );
        let params = Params::new(Network::Test);
        assert_eq!(
            block_script_flags(1_505_000, &params),
            Some(ScriptFlags::MANDATORY)
        );
        assert_eq!(block_script_flags(1_504_999, &params), None);
    }
}
