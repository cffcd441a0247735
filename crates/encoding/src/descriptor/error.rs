//! What can be wrong with a descriptor, in upstream's words.

use thiserror::Error;

/// Why a text is no descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum DescriptorError {
    #[error("Multiple '#' symbols")]
    SeveralChecksums,
    #[error("Missing checksum")]
    ChecksumMissing,
    #[error("Expected 8 character checksum, not {0} characters")]
    ChecksumLength(usize),
    #[error("Provided checksum '{provided}' does not match computed checksum '{computed}'")]
    ChecksumMismatch { provided: String, computed: String },
    #[error("Invalid characters in payload")]
    Characters,
    #[error("{function}: {source}")]
    Key {
        function: &'static str,
        #[source]
        source: KeyError,
    },
    #[error(transparent)]
    BareKey(KeyError),
    #[error("Can only have {0}")]
    Place(&'static str),
    #[error("Multi threshold '{0}' is not valid")]
    Threshold(String),
    #[error("Multi: expected ',', got '{0}'")]
    MultiComma(char),
    #[error("Cannot have {count} keys in {function}; must have between 1 and {limit} keys, inclusive")]
    KeyCount {
        count: usize,
        function: &'static str,
        limit: usize,
    },
    #[error("Multisig threshold cannot be {0}, must be at least 1")]
    ThresholdTooSmall(u32),
    #[error(
        "Multisig threshold cannot be larger than the number of keys; threshold is {threshold} but only {count} keys \
         specified"
    )]
    ThresholdTooLarge { threshold: u32, count: usize },
    #[error("Cannot have {0} pubkeys in bare multisig; only at most 3 pubkeys")]
    BareMultisig(usize),
    #[error("P2SH script is too large, {0} bytes is larger than 520 bytes")]
    RedeemScriptSize(usize),
    #[error("Address is not valid")]
    Address,
    #[error("tr: expected ',', got '{0}'")]
    TreeComma(char),
    #[error("tr() supports at most 128 nesting levels")]
    TreeDepth,
    #[error("tr(): expected '{0}' after script expression")]
    TreeExpected(char),
    #[error("rawtr(): only one key expected.")]
    RawTaprootKeys,
    #[error("Raw script is not hex")]
    RawHex,
    #[error("Miniscript expressions can only be used in wsh or tr.")]
    PolicyPlace,
    #[error("{expression} {complaint}")]
    Policy {
        expression: String,
        complaint: &'static str,
    },
    #[error("A function is needed within {0}")]
    FunctionNeeded(&'static str),
    #[error("'{0}' is not a valid descriptor function")]
    Function(String),
    /// Something follows where the end should be; upstream has no words for it.
    #[error("")]
    Trailing,
}

/// Why a text is no key of a descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum KeyError {
    #[error("No key provided")]
    Missing,
    #[error("Hybrid public keys are not allowed")]
    Hybrid,
    #[error("Uncompressed keys are not allowed")]
    Uncompressed,
    #[error("Pubkey '{0}' is invalid")]
    Invalid(String),
    #[error("key '{0}' is not valid")]
    NotValid(String),
    #[error("Key path value '{0}' is not a valid uint32")]
    PathValue(String),
    #[error("Key path value {0} is out of range")]
    PathRange(u32),
    #[error("Multiple ']' characters found for a single pubkey")]
    SeveralOrigins,
    #[error("Key origin start '[ character expected but not found, got '{0}' instead")]
    OriginStart(char),
    #[error("Fingerprint is not 4 bytes ({0} characters instead of 8 characters)")]
    FingerprintLength(usize),
    #[error("Fingerprint '{0}' is not hex")]
    FingerprintHex(String),
}
