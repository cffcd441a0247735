//! Scripts, addresses and transactions as RPC results and `syscoin-tx` show them.

mod script;
mod transaction;

pub use script::{described_script, output_script, plain_script, signature_script};
pub use transaction::{PreviousOutputs, SpentCoin, transaction, transaction_with_spent};
