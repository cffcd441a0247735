//! What can be wrong with a call, in upstream's words.

use encoding::amount::AmountError;
use encoding::assembly::ParseScriptError;
use thiserror::Error;

/// Why a call fails.
#[derive(Debug, Error)]
pub(crate) enum TxError {
    #[error("too few parameters")]
    TooFewParameters,
    #[error("error reading stdin")]
    StandardInput {
        #[source]
        source: std::io::Error,
    },
    #[error("invalid transaction encoding")]
    TransactionEncoding,
    #[error("unknown command")]
    UnknownCommand,

    #[error("Invalid TX version requested: '{0}'")]
    Version(String),
    #[error("Invalid TX locktime requested: '{0}'")]
    LockTime(String),
    #[error("Invalid TX input index '{0}'")]
    InputIndex(String),
    #[error("Invalid TX output index '{0}'")]
    OutputIndex(String),

    #[error("TX input missing separator")]
    InputSeparator,
    #[error("invalid TX input txid")]
    InputTxid,
    #[error("invalid TX input vout '{0}'")]
    InputVout(String),
    #[error("invalid TX sequence id '{0}'")]
    Sequence(String),

    #[error("TX output missing or too many separators")]
    OutputSeparators,
    #[error("TX output missing separator")]
    OutputSeparator,
    #[error("invalid TX output value")]
    OutputValue,
    #[error("TX output value not specified")]
    OutputValueMissing,
    #[error("invalid TX output address")]
    OutputAddress,
    #[error("invalid TX output pubkey")]
    OutputPublicKey,
    #[error("invalid TX output data")]
    OutputData,
    #[error("Uncompressed pubkeys are not useable for SegWit outputs")]
    Uncompressed,
    #[error(transparent)]
    Script(#[from] ParseScriptError),
    #[error("script exceeds size limit: {0} > 10000")]
    ScriptSize(usize),
    #[error("redeemScript exceeds size limit: {0} > 520")]
    RedeemScriptSize(usize),

    #[error("Not enough multisig parameters")]
    MultisigParameters,
    #[error("invalid multisig required number '{0}'")]
    MultisigRequired(String),
    #[error("invalid multisig total number '{0}'")]
    MultisigTotal(String),
    #[error("incorrect number of multisig pubkeys")]
    MultisigKeys,
    #[error("multisig parameter mismatch. Required {required} of {total}signatures.")]
    MultisigMismatch { required: u32, total: u32 },
    #[error("Too many parameters")]
    MultisigRest,

    #[error("Register input requires NAME:VALUE")]
    Set,
    #[error("Register load requires NAME:FILENAME")]
    Load,
    #[error("Cannot open file {0}")]
    OpenFile(String),
    #[error("Cannot parse JSON for key {0}")]
    Json(String),

    #[error("unknown sighash flag/sign option")]
    HashType,
    #[error("{0} register variable must be set.")]
    Register(&'static str),
    #[error("privatekey not a std::string")]
    KeyType,
    #[error("privatekey not valid")]
    Key,
    #[error("expected prevtxs internal object")]
    PreviousType,
    #[error("prevtxs internal object typecheck fail")]
    PreviousMember,
    #[error("txid must be hexadecimal string (not '{0}')")]
    PreviousTxid(String),
    #[error("JSON integer out of range")]
    PreviousVoutRange,
    #[error("vout cannot be negative")]
    PreviousVout,
    #[error("{name} must be hexadecimal string (not '{text}')")]
    Hex { name: &'static str, text: String },
    #[error(transparent)]
    Amount(#[from] AmountError),
    #[error("Missing amount for CTxOut with scriptPubKey={0}")]
    MissingAmount(String),
}
