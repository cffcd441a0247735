//! Satisfying scripts that are miniscript: `miniscript` finds out how.

use std::cell::RefCell;

use bitcoin::hashes::{Hash as _, hash160, ripemd160, sha256};
use bitcoin::taproot::TapLeafHash;
use bitcoin::{PublicKey, Script, Sequence, XOnlyPublicKey, absolute, ecdsa, relative, taproot};
use consensus::script::SignatureVersion;
use miniscript::miniscript::Miniscript;
use miniscript::miniscript::analyzable::ExtParams;
use miniscript::{Preimage32, Satisfier, Segwitv0, Tap, hash256};

use crate::solve::Solver;

/// Looks for what a script asks for. Asking makes signatures, so that the solver changes meanwhile.
struct Asked<'solver, 'input> {
    solver: RefCell<&'solver mut Solver<'input>>,
    script: &'solver Script,
    leaf: TapLeafHash,
}

/// All but what is unwise: keys behind hashes may be looked up.
fn permitted() -> ExtParams {
    ExtParams::insane().raw_pkh()
}

/// The witness of a witness script, without the script.
pub(crate) fn satisfy_witness_script(solver: &mut Solver<'_>, script: &Script) -> Option<Vec<Vec<u8>>> {
    let policy = Miniscript::<PublicKey, Segwitv0>::parse_with_ext(script, &permitted()).ok()?;
    policy
        .satisfy(Asked {
            solver: RefCell::new(solver),
            script,
            leaf: TapLeafHash::all_zeros(),
        })
        .ok()
}

/// The witness of a leaf, without the leaf and the way to it.
pub(crate) fn satisfy_leaf(
    solver: &mut Solver<'_>,
    script: &Script,
    leaf: TapLeafHash,
) -> Option<Vec<Vec<u8>>> {
    let policy = Miniscript::<XOnlyPublicKey, Tap>::parse_with_ext(script, &permitted()).ok()?;
    policy
        .satisfy(Asked {
            solver: RefCell::new(solver),
            script,
            leaf,
        })
        .ok()
}

impl Asked<'_, '_> {
    fn older(&self, lock: relative::LockTime) -> bool {
        let number = Sequence::from(lock).to_consensus_u32();
        let solver = self.solver.borrow();
        solver.creator.checker().check_sequence(i64::from(number))
    }

    fn after(&self, lock: absolute::LockTime) -> bool {
        let number = lock.to_consensus_u32();
        let solver = self.solver.borrow();
        solver.creator.checker().check_lock_time(i64::from(number))
    }

    fn key(&self, hash: &hash160::Hash) -> Option<PublicKey> {
        let key = self.solver.borrow_mut().public_key(hash.to_byte_array())?;
        PublicKey::from_slice(&key).ok()
    }

    fn signature(&self, key: &PublicKey) -> Option<ecdsa::Signature> {
        let bytes =
            self.solver
                .borrow_mut()
                .signature(&key.to_bytes(), self.script, SignatureVersion::WitnessV0)?;
        ecdsa::Signature::from_slice(&bytes).ok()
    }

    fn leaf_signature(&self, key: &XOnlyPublicKey) -> Option<taproot::Signature> {
        let bytes = self
            .solver
            .borrow_mut()
            .leaf_signature(&key.serialize(), self.leaf)?;
        taproot::Signature::from_slice(&bytes).ok()
    }
}

fn preimage(bytes: Option<&Vec<u8>>) -> Option<Preimage32> {
    bytes?.as_slice().try_into().ok()
}

/// What both kinds of script ask for in the same way.
macro_rules! shared {
    () => {
        fn lookup_sha256(&self, hash: &sha256::Hash) -> Option<Preimage32> {
            preimage(self.solver.borrow().data.sha256.get(hash))
        }

        fn lookup_hash256(&self, hash: &hash256::Hash) -> Option<Preimage32> {
            let hash = bitcoin::hashes::sha256d::Hash::from_byte_array(hash.to_byte_array());
            preimage(self.solver.borrow().data.hash256.get(&hash))
        }

        fn lookup_ripemd160(&self, hash: &ripemd160::Hash) -> Option<Preimage32> {
            preimage(self.solver.borrow().data.ripemd160.get(hash))
        }

        fn lookup_hash160(&self, hash: &hash160::Hash) -> Option<Preimage32> {
            preimage(self.solver.borrow().data.hash160.get(hash))
        }

        fn check_older(&self, lock: relative::LockTime) -> bool {
            self.older(lock)
        }

        fn check_after(&self, lock: absolute::LockTime) -> bool {
            self.after(lock)
        }
    };
}

impl Satisfier<PublicKey> for Asked<'_, '_> {
    fn lookup_ecdsa_sig(&self, key: &PublicKey) -> Option<ecdsa::Signature> {
        self.signature(key)
    }

    fn lookup_raw_pkh_pk(&self, hash: &hash160::Hash) -> Option<PublicKey> {
        self.key(hash)
    }

    fn lookup_raw_pkh_ecdsa_sig(&self, hash: &hash160::Hash) -> Option<(PublicKey, ecdsa::Signature)> {
        let key = self.key(hash)?;
        Some((key, self.signature(&key)?))
    }

    shared!();
}

impl Satisfier<XOnlyPublicKey> for Asked<'_, '_> {
    fn lookup_tap_leaf_script_sig(
        &self,
        key: &XOnlyPublicKey,
        _: &TapLeafHash,
    ) -> Option<taproot::Signature> {
        self.leaf_signature(key)
    }

    shared!();
}
