//! The error of a call and the numbers that clients match on.

use serde::Serialize;
use serde_json::Value;

use crate::param::{type_name, wrong_type};

/// Error numbers, with the values Bitcoin Core gives them.
///
/// Clients, `syscoin-cli` and test rigs match on these: a number never changes its meaning.
pub mod code {
    /// The call is not a valid request object.
    pub const INVALID_REQUEST: i32 = -32600;
    /// No method of that name.
    pub const METHOD_NOT_FOUND: i32 = -32601;
    /// The parameters do not fit, in the sense of the JSON-RPC specification.
    pub const INVALID_PARAMS: i32 = -32602;
    /// A genuine error in the server, such as corrupt data.
    pub const INTERNAL_ERROR: i32 = -32603;
    /// The body is not JSON.
    pub const PARSE_ERROR: i32 = -32700;

    /// Raised while handling a command, of no more particular kind.
    pub const MISC_ERROR: i32 = -1;
    /// A value has an unexpected JSON type.
    pub const TYPE_ERROR: i32 = -3;
    /// An address or key is invalid or unknown.
    pub const INVALID_ADDRESS_OR_KEY: i32 = -5;
    /// Memory ran out during the operation.
    pub const OUT_OF_MEMORY: i32 = -7;
    /// A parameter is invalid, missing or given twice.
    pub const INVALID_PARAMETER: i32 = -8;
    /// The database failed.
    pub const DATABASE_ERROR: i32 = -20;
    /// Submitted raw data does not parse or validate.
    pub const DESERIALIZATION_ERROR: i32 = -22;
    /// A transaction or block could not be checked.
    pub const VERIFY_ERROR: i32 = -25;
    /// A transaction or block was rejected by the rules.
    pub const VERIFY_REJECTED: i32 = -26;
    /// The transaction is in the chain already.
    pub const VERIFY_ALREADY_IN_CHAIN: i32 = -27;
    /// The server is still starting.
    pub const IN_WARMUP: i32 = -28;
    /// The method is deprecated.
    pub const METHOD_DEPRECATED: i32 = -32;

    /// No peers, or peer-to-peer is not running.
    pub const CLIENT_NOT_CONNECTED: i32 = -9;
    /// Initial blocks are still downloading.
    pub const CLIENT_IN_INITIAL_DOWNLOAD: i32 = -10;
    /// The peer was added already.
    pub const CLIENT_NODE_ALREADY_ADDED: i32 = -23;
    /// The peer was not added before.
    pub const CLIENT_NODE_NOT_ADDED: i32 = -24;
    /// The peer to disconnect is not connected.
    pub const CLIENT_NODE_NOT_CONNECTED: i32 = -29;
    /// An address or subnet is invalid.
    pub const CLIENT_INVALID_IP_OR_SUBNET: i32 = -30;
    /// Peer-to-peer is switched off.
    pub const CLIENT_P2P_DISABLED: i32 = -31;
    /// There is no mempool.
    pub const CLIENT_MEMPOOL_DISABLED: i32 = -33;
    /// As many connections as allowed are open.
    pub const CLIENT_NODE_CAPACITY_REACHED: i32 = -34;

    /// A wallet error of no more particular kind.
    pub const WALLET_ERROR: i32 = -4;
    /// Not enough funds.
    pub const WALLET_INSUFFICIENT_FUNDS: i32 = -6;
    /// A label is invalid.
    pub const WALLET_INVALID_LABEL_NAME: i32 = -11;
    /// The keypool is empty.
    pub const WALLET_KEYPOOL_RAN_OUT: i32 = -12;
    /// The wallet must be unlocked first.
    pub const WALLET_UNLOCK_NEEDED: i32 = -13;
    /// The passphrase is wrong.
    pub const WALLET_PASSPHRASE_INCORRECT: i32 = -14;
    /// The command does not fit the wallet's encryption state.
    pub const WALLET_WRONG_ENC_STATE: i32 = -15;
    /// The wallet could not be encrypted.
    pub const WALLET_ENCRYPTION_FAILED: i32 = -16;
    /// The wallet is unlocked already.
    pub const WALLET_ALREADY_UNLOCKED: i32 = -17;
    /// The wallet does not exist or is not loaded.
    pub const WALLET_NOT_FOUND: i32 = -18;
    /// Several wallets are loaded and none was named.
    pub const WALLET_NOT_SPECIFIED: i32 = -19;
    /// The wallet is loaded already.
    pub const WALLET_ALREADY_LOADED: i32 = -35;
    /// A wallet of that name exists already.
    pub const WALLET_ALREADY_EXISTS: i32 = -36;
}

/// What a failed call answers: a number of [`code`] and a text for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    /// One of the numbers in [`code`].
    pub code: i32,
    /// The text; Core's own wording where clients match on it.
    pub message: String,
}

impl RpcError {
    /// An error of this number and text.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// A [`code::MISC_ERROR`].
    pub fn misc(message: impl Into<String>) -> Self {
        Self::new(code::MISC_ERROR, message)
    }

    /// A [`code::INVALID_PARAMETER`].
    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_PARAMETER, message)
    }

    /// A [`code::TYPE_ERROR`] for a value that is not of the JSON type of this name.
    pub fn wrong_type(found: &Value, expected: &str) -> Self {
        Self::new(code::TYPE_ERROR, wrong_type(type_name(found), expected))
    }
}
