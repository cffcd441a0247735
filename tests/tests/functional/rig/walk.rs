//! Calls of all methods that a lone node has: what rigs ask first, in each way that arguments are passed, and what they
//! are told when they ask wrongly.

mod blocks;
mod chain_choice;
mod control;
mod pool;

use anyhow::Result;
use functional_tests::rig::{RigNode, Wanted};
use serde_json::{Value, json};

/// A hash that nothing has.
pub(super) const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// All of them. The node has the prepared chain and its time stands still, so that each answer is always the same.
pub(super) fn all(node: &mut RigNode) -> Result<()> {
    control::walk(node)?;
    blocks::walk(node)?;
    pool::walk(node)?;
    chain_choice::walk(node)
}

/// Calls a method with each of these arguments, which must come to what stands beside them.
fn rows(node: &mut RigNode, method: &str, rows: &[(Value, Wanted)]) -> Result<()> {
    for (params, wanted) in rows {
        node.expect(method, params.clone(), wanted)?;
    }
    Ok(())
}

/// What a method says that is given a hash which is none.
fn hash_rows(node: &mut RigNode, method: &str, name: &'static str) -> Result<()> {
    for (hash, problem) in [
        ("00", format!("{name} must be of length 64 (not 2, for '00')")),
        (
            "ZZZ0000000000000000000000000000000000000000000000000000000000000",
            format!(
                "{name} must be hexadecimal string (not \
                 'ZZZ0000000000000000000000000000000000000000000000000000000000000')"
            ),
        ),
    ] {
        let told = node.expect_error(method, json!([hash]), -8)?;
        anyhow::ensure!(told == problem, "{method}: {told}");
    }
    node.expect_error(method, json!([7]), -3)?;
    node.expect_error(method, json!([]), -1)?;
    Ok(())
}
