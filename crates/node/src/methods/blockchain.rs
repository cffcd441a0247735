//! The methods about blocks and coins.

mod block;
mod choose;
mod coins;
mod coins_info;
mod difficulty;
mod dump;
mod filter;
mod info;
mod load_coins;
mod named;
mod proof;
mod scan;
mod shapes;
mod statistics;
mod tip;
mod wait;

use rpc::Method;

pub(super) use block::read as read_block;
pub(crate) use block::{header as describe_header, header_bytes};
pub(super) use difficulty::difficulty;
pub(super) use named::tip as tip_of;

use crate::state::Node;

/// All of them.
pub(super) fn methods(node: &Node) -> Vec<Method> {
    let mut methods = tip::methods(node);
    methods.extend(block::methods(node));
    methods.extend(info::methods(node));
    methods.extend(choose::methods(node));
    methods.extend(wait::methods(node));
    methods.extend(proof::methods(node));
    methods.extend([
        coins::gettxout(node.clone()),
        coins_info::gettxoutsetinfo(node.clone()),
        dump::dumptxoutset(node.clone()),
        filter::getblockfilter(node.clone()),
        load_coins::loadtxoutset(node.clone()),
        scan::blocks::scanblocks(node.clone()),
        scan::coins::scantxoutset(node.clone()),
        statistics::getblockstats(node.clone()),
    ]);
    methods
}
