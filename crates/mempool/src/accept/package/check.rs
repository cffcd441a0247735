//! What a package must be like, whatever its transactions are.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use bitcoin::{Transaction, Txid};

use super::PackageError;
use crate::view::{ChainReadError, ChainView};

/// The most transactions of a package.
const MAX_PACKAGE_COUNT: usize = 25;

/// The largest weight of a package of more than one transaction.
const MAX_PACKAGE_WEIGHT: u64 = 404_000;

/// Checks what a package of any kind must be like.
pub(super) fn check_package(package: &[Arc<Transaction>]) -> Result<(), PackageError> {
    if package.len() > MAX_PACKAGE_COUNT {
        return Err(PackageError::TooMany);
    }
    let weight: u64 = package
        .iter()
        .map(|transaction| transaction.weight().to_wu())
        .sum();
    if package.len() > 1 && weight > MAX_PACKAGE_WEIGHT {
        return Err(PackageError::TooLarge);
    }
    let mut later: HashSet<Txid> = package
        .iter()
        .map(|transaction| transaction.compute_txid())
        .collect();
    for transaction in package {
        let mut inputs = transaction.input.iter();
        if inputs.any(|input| later.contains(&input.previous_output.txid)) {
            return Err(PackageError::NotSorted);
        }
        later.remove(&transaction.compute_txid());
    }
    let mut spent = HashSet::new();
    for transaction in package {
        let own: BTreeSet<_> = transaction
            .input
            .iter()
            .map(|input| input.previous_output)
            .collect();
        // A transaction that spends an output twice is refused for that itself.
        if !own.into_iter().all(|outpoint| spent.insert(outpoint)) {
            return Err(PackageError::Conflict);
        }
    }
    Ok(())
}

/// Whether the last transaction spends from all others, and those do not spend from one another.
#[must_use]
pub fn is_child_with_parents(package: &[Arc<Transaction>]) -> bool {
    let Some((child, parents @ [_, ..])) = package.split_last() else {
        return false;
    };
    let spent = |transaction: &Transaction| -> HashSet<Txid> {
        let inputs = transaction.input.iter();
        inputs.map(|input| input.previous_output.txid).collect()
    };
    let ids: HashSet<Txid> = parents.iter().map(|parent| parent.compute_txid()).collect();
    ids.is_subset(&spent(child)) && parents.iter().all(|parent| spent(parent).is_disjoint(&ids))
}

/// Checks that the last transaction spends from all others, and from nothing else that is not confirmed.
pub(super) fn check_child_with_parents(
    package: &[Arc<Transaction>],
    chain: &dyn ChainView,
) -> Result<Result<(), PackageError>, ChainReadError> {
    let Some((child, parents @ [_, ..])) = package.split_last() else {
        return Ok(Err(PackageError::NotChildWithParents));
    };
    let spent: HashSet<Txid> = child
        .input
        .iter()
        .map(|input| input.previous_output.txid)
        .collect();
    let parents: HashSet<Txid> = parents.iter().map(|parent| parent.compute_txid()).collect();
    if !parents.is_subset(&spent) {
        return Ok(Err(PackageError::NotChildWithParents));
    }
    for input in &child.input {
        let outpoint = &input.previous_output;
        if !parents.contains(&outpoint.txid) && chain.coin(outpoint)?.is_none() {
            return Ok(Err(PackageError::MissingParents));
        }
    }
    Ok(Ok(()))
}
