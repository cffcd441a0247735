//! Which headers the tree takes.

use bitcoin::CompactTarget;
use bitcoin::block::Version;
use consensus::header::{BlockHeader, HeaderContext, check_header};
use consensus::params::Params;
use consensus::pow::check_proof_of_work;
use consensus::vote::{ThresholdState, VotingChain};
use consensus::work::next_bits;

use crate::rejection::{Rejection, RejectionKind};
use crate::tree::{BlockTree, EntryId};

/// The chain that ends with a block, as those see it who count votes.
#[derive(Debug, Clone, Copy)]
pub struct VotesBefore<'a> {
    /// The tree that it is in.
    pub tree: &'a BlockTree,
    /// Its last block.
    pub last: EntryId,
}

impl VotesBefore<'_> {
    fn at(&self, height: u32) -> EntryId {
        self.tree
            .ancestor(self.last, height)
            .expect("votes are counted of blocks before")
    }
}

impl VotingChain for VotesBefore<'_> {
    fn median_time_past(&self, height: u32) -> u32 {
        self.tree.median_time_past(self.at(height))
    }

    fn version(&self, height: u32) -> Version {
        self.tree.entry(self.at(height)).header.version
    }

    fn known_state(&self, bit: u8, first: u32) -> Option<ThresholdState> {
        self.tree.votes().get(bit, self.at(first - 1))
    }

    fn note_state(&self, bit: u8, first: u32, state: ThresholdState) {
        self.tree.votes().note(bit, self.at(first - 1), state);
    }
}

/// The compact target of a block after `parent` with this time, in seconds since 1970.
#[must_use]
pub fn required_bits(tree: &BlockTree, parent: EntryId, time: u32, params: &Params) -> CompactTarget {
    let ancestor = |height| {
        let ancestor = tree
            .ancestor(parent, height)
            .expect("targets follow from blocks before");
        tree.chain_entry(ancestor)
    };
    next_bits(tree.chain_entry(parent), time, ancestor, params)
}

/// Checks a header and adds it to the tree, unless it is there.
///
/// # Errors
/// [`Rejection`] with the first rule that is broken.
pub(crate) fn accept_header(
    tree: &mut BlockTree,
    header: &BlockHeader,
    now: u64,
    params: &Params,
) -> Result<EntryId, Rejection> {
    let hash = header.block_hash();
    if let Some(id) = tree.find(&hash) {
        return match tree.entry(id).is_sound() {
            true => Ok(id),
            false => Err(Rejection::new(
                RejectionKind::CachedInvalid,
                "duplicate-invalid",
                "",
            )),
        };
    }
    check_new_header(tree, header, now, params)?;
    Ok(tree.add_header(*header.pure()))
}

/// Checks a header that is not in the tree.
pub(crate) fn check_new_header(
    tree: &BlockTree,
    header: &BlockHeader,
    now: u64,
    params: &Params,
) -> Result<(), Rejection> {
    check_proof_of_work(header, params)
        .map_err(|error| Rejection::from(consensus::block::BlockError::HighHash(error)))?;
    let parent = tree
        .find(&header.pure().prev_blockhash)
        .ok_or_else(|| Rejection::new(RejectionKind::MissingParent, "prev-blk-not-found", ""))?;
    if !tree.entry(parent).is_sound() {
        return Err(Rejection::new(RejectionKind::InvalidParent, "bad-prevblk", ""));
    }
    check_in_chain(tree, parent, header, now, params)
}

/// Checks what follows for a header from those before it.
pub(crate) fn check_in_chain(
    tree: &BlockTree,
    parent: EntryId,
    header: &BlockHeader,
    now: u64,
    params: &Params,
) -> Result<(), Rejection> {
    let context = HeaderContext {
        height: tree.entry(parent).height + 1,
        median_time_past: tree.median_time_past(parent),
        required_bits: required_bits(tree, parent, header.pure().time, params),
        now,
    };
    check_header(header, &context, params)?;
    check_checkpoints(tree, parent, header, params)
}

/// A chain must have the checkpoints' blocks, and may not leave it before the last one that is there.
fn check_checkpoints(
    tree: &BlockTree,
    parent: EntryId,
    header: &BlockHeader,
    params: &Params,
) -> Result<(), Rejection> {
    let height = tree.entry(parent).height + 1;
    let differs = params
        .checkpoint(height)
        .is_some_and(|hash| hash != header.block_hash());
    if differs {
        return Err(Rejection::new(
            RejectionKind::Checkpoint,
            "checkpoint mismatch",
            "the block at this height is another one",
        ));
    }
    let last = params
        .checkpoints
        .iter()
        .rev()
        .filter_map(|(height, _)| tree.find(&params.checkpoint(*height)?))
        .next();
    match last {
        Some(last) if tree.entry(last).height >= height => Err(Rejection::new(
            RejectionKind::Checkpoint,
            "bad-fork-prior-to-checkpoint",
            "forked chain older than last checkpoint",
        )),
        _ => Ok(()),
    }
}
