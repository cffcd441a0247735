//! Why tokens do not come from the NEVM.

use thiserror::Error;

/// A transaction that makes tokens of the NEVM as it may not, by upstream's reject reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MintError {
    /// What it proves cannot be read.
    #[error("mint-unserialize-failed")]
    Malformed,
    /// No block commits to the block of the NEVM that it names.
    #[error("mint-txroot-missing")]
    UnknownBlock,
    /// That block has other transactions.
    #[error("mint-mismatching-txroot")]
    TransactionsRoot,
    /// That block's transactions have other receipts.
    #[error("mint-mismatching-receiptroot")]
    ReceiptsRoot,
    /// The NEVM's transaction is said to be behind its proof.
    #[error("mint-invalid-tx-position")]
    TransactionPlace,
    /// The receipt is said to be behind its proof.
    #[error("mint-invalid-receipt-position")]
    ReceiptPlace,
    /// The NEVM's transaction is not the one that it names.
    #[error("mint-verify-tx-hash")]
    TransactionHash,
    /// Another transaction of the chain proved the same.
    #[error("mint-exists")]
    Exists,
    /// Another transaction of the block, or of those that no block has, proves the same.
    #[error("mint-duplicate-transfer")]
    Duplicate,
    /// The receipt is not among those of the block.
    #[error("mint-verify-receipt-proof")]
    ReceiptProof,
    /// The NEVM's transaction is not among those of the block.
    #[error("mint-verify-tx-proof")]
    TransactionProof,
    /// The receipt is of another type than the transaction.
    #[error("mint-envelope-type-mismatch")]
    EnvelopeType,
    /// The receipt does not have four fields.
    #[error("mint-invalid-receipt-structure")]
    ReceiptStructure,
    /// The NEVM's transaction did nothing.
    #[error("mint-receipt-status-failed")]
    Status,
    /// The receipt tells of nothing, or of more than ten events.
    #[error("mint-invalid-receipt-logs-count")]
    LogCount,
    /// The event has more than it should.
    #[error("mint-log-invalid-field-count")]
    LogFields,
    /// The event has not as many topics as it should.
    #[error("mint-log-invalid-topics-count")]
    TopicCount,
    /// What should be the kind of token is none.
    #[error("mint-log-invalid-asset-guid-topic-size")]
    AssetTopic,
    /// The tokens are of the kind 0.
    #[error("mint-log-null-asset-guid")]
    NullAsset,
    /// What should be who froze the tokens is no address.
    #[error("mint-log-invalid-freezer-topic")]
    FreezerTopic,
    /// The event's data are too short.
    #[error("mint-log-data-too-small")]
    DataTooSmall,
    /// There are more tokens than there can be.
    #[error("mint-value-overflow")]
    Value,
    /// The address is not where it should be.
    #[error("mint-log-invalid-string-offset")]
    AddressOffset,
    /// The address is longer than the data.
    #[error("mint-log-invalid-string-length")]
    AddressLength,
    /// The address has more than 1024 bytes.
    #[error("mint-witness-address-too-long")]
    AddressTooLong,
    /// The address could be written in another way.
    #[error("mint-log-noncanonical-string")]
    AddressForm,
    /// The receipt does not tell that tokens were frozen.
    #[error("mint-missing-freeze-log")]
    NothingFrozen,
    /// The NEVM's transaction is no list.
    #[error("mint-tx-rlp-list")]
    TransactionList,
    /// The NEVM's transaction has too few fields.
    #[error("mint-tx-itemcount")]
    TransactionFields,
    /// The NEVM's transaction has no type, and not the fields of such a one.
    #[error("mint-invalid-legacy-tx-format")]
    LegacyFormat,
    /// The NEVM's transaction is of a type that is not known.
    #[error("mint-unsupported-tx-format")]
    Format,
    /// The NEVM's transaction is of another chain.
    #[error("mint-invalid-chainid")]
    ChainId,
    /// The NEVM's transaction goes to no address.
    #[error("mint-invalid-address-length")]
    ReceiverLength,
    /// The NEVM's transaction goes to another contract than the bridge.
    #[error("mint-invalid-contract-manager")]
    Receiver,
    /// An output pays to no address.
    #[error("mint-extract-destination")]
    NoAddress,
    /// No output holds the tokens at the address that the event names.
    #[error("mint-mismatch-destination")]
    Destination,
    /// It makes tokens of several kinds.
    #[error("mint-single-asset")]
    SingleAsset,
    /// It spends tokens.
    #[error("mint-no-asset-inputs")]
    SpendsTokens,
    /// It makes more tokens than were frozen.
    #[error("mint-output-mismatch")]
    Amount,
    /// What it proves with is not in Ethereum's format. Upstream gives the words of its library.
    #[error("mint-rlp")]
    Rlp,
}
