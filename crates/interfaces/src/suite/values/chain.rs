//! The types of chain and mining.

use crate::suite::crossing::{choices, structures};

structures! {
    BlockCreateOptions { use_mempool, block_reserved_weight, coinbase_output_max_additional_sigops }
    BlockWaitOptions { timeout, fee_threshold }
    BlockCheckOptions { check_merkle_root, check_pow }
    CoinbaseTx {
        version, sequence, script_sig_prefix, witness, block_reward_remaining, required_outputs, lock_time
    }
    BlockLocator { have }
    BlockParts { locator, data }
    FoundBlock { block, time, max_time, median_time_past, in_active_chain, next, locator, data }
    CommonAncestor { ancestor, first, second }
    Coin { output, height, is_coinbase }
    TransactionAncestry { ancestors, descendants, ancestor_size, ancestor_fees }
    PackageLimits { ancestors, descendants }
    BlockInfo { hash, previous, height, chain_time_max, data }
}

choices! {
    BlockFilterKind { Basic }
    RbfState { Unknown, Replaceable, Final }
    BroadcastMethod { MempoolAndAll, MempoolOnly, Private }
    RemovalReason { Expiry, SizeLimit, Reorganization, Block, Conflict, Replaced }
    ChainRole { Normal, AssumedValid, Background }
}
