//! The methods about blocks and coins.

mod block;
mod choose;
mod coins;
mod coins_info;
mod deployments;
mod difficulty;
mod dump;
mod filter;
mod info;
mod load_coins;
mod named;
mod proof;
mod rate;
mod scan;
mod shapes;
mod states;
mod statistics;
mod tip;
mod tips;
mod wait;

use rpc::Method;

pub(super) use block::read as read_block;
pub(crate) use block::{header as describe_header, header_bytes, read_bytes as read_block_bytes};
pub(super) use difficulty::difficulty;
pub(super) use named::hash as block_hash;
pub(crate) use named::tip as tip_of;

use crate::state::Node;

/// All of them.
pub(super) fn methods(node: &Node) -> Vec<Method> {
    let mut methods = tip::methods(node);
    methods.extend(block::methods(node));
    methods.extend(choose::methods(node));
    methods.extend(wait::methods(node));
    methods.extend(proof::methods(node));
    methods.extend([
        coins::gettxout(node.clone()),
        coins_info::gettxoutsetinfo(node.clone()),
        deployments::getdeploymentinfo(node.clone()),
        dump::dumptxoutset(node.clone()),
        filter::getblockfilter(node.clone()),
        info::getblockchaininfo(node.clone()),
        load_coins::loadtxoutset(node.clone()),
        rate::getchaintxstats(node.clone()),
        scan::blocks::scanblocks(node.clone()),
        scan::coins::scantxoutset(node.clone()),
        states::getchainstates(node.clone()),
        statistics::getblockstats(node.clone()),
        tips::getchaintips(node.clone()),
    ]);
    methods
}
