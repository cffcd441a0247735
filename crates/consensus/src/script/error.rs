//! Why a script fails.

use thiserror::Error;

/// Why a script fails, shown as upstream words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum ScriptError {
    /// A number that is too long, or whose encoding is not the shortest; or nobody knows.
    #[error("unknown error")]
    Unknown,
    /// Nothing, or what counts as false, is left on the stack.
    #[error("Script evaluated without error but finished with a false/empty top stack element")]
    EvalFalse,
    /// `OP_RETURN`.
    #[error("OP_RETURN was encountered")]
    OpReturn,
    /// The script is longer than 10,000 bytes.
    #[error("Script is too big")]
    ScriptSize,
    /// An element is longer than 520 bytes.
    #[error("Push value size limit exceeded")]
    PushSize,
    /// There are more than 201 operations.
    #[error("Operation limit exceeded")]
    OpCount,
    /// There are more than 1000 elements.
    #[error("Stack size limit exceeded")]
    StackSize,
    /// More signatures than keys, or less than none.
    #[error("Signature count negative or greater than pubkey count")]
    SigCount,
    /// More than 20 keys, or less than none.
    #[error("Pubkey count negative or limit exceeded")]
    PubkeyCount,
    /// `OP_VERIFY` of what is false.
    #[error("Script failed an OP_VERIFY operation")]
    Verify,
    /// `OP_EQUALVERIFY` of what differs.
    #[error("Script failed an OP_EQUALVERIFY operation")]
    EqualVerify,
    /// `OP_CHECKMULTISIGVERIFY` of signatures that are not all valid.
    #[error("Script failed an OP_CHECKMULTISIGVERIFY operation")]
    CheckMultisigVerify,
    /// `OP_CHECKSIGVERIFY` of a signature that is not valid.
    #[error("Script failed an OP_CHECKSIGVERIFY operation")]
    CheckSigVerify,
    /// `OP_NUMEQUALVERIFY` of numbers that differ.
    #[error("Script failed an OP_NUMEQUALVERIFY operation")]
    NumEqualVerify,
    /// There is no such operation, or a push of more bytes than there are.
    #[error("Opcode missing or not understood")]
    BadOpcode,
    /// The operation was taken away in 2010.
    #[error("Attempted to use a disabled opcode")]
    DisabledOpcode,
    /// The stack has not what the operation takes.
    #[error("Operation not valid with the current stack size")]
    InvalidStackOperation,
    /// The alternative stack has not what the operation takes.
    #[error("Operation not valid with the current altstack size")]
    InvalidAltstackOperation,
    /// `OP_IF`, `OP_ELSE` and `OP_ENDIF` do not match, or there is nothing to decide by.
    #[error("Invalid OP_IF construction")]
    UnbalancedConditional,
    /// A lock is below zero.
    #[error("Negative locktime")]
    NegativeLockTime,
    /// A lock does not allow the spend.
    #[error("Locktime requirement not satisfied")]
    UnsatisfiedLockTime,
    /// A signature's last byte is not of the known ones.
    #[error("Signature hash type missing or not understood")]
    SigHashType,
    /// A signature is not strict DER.
    #[error("Non-canonical DER signature")]
    SigDer,
    /// A push could be shorter.
    #[error("Data push larger than necessary")]
    MinimalData,
    /// An input's script does more than push.
    #[error("Only push operators allowed in signatures")]
    SigPushOnly,
    /// A signature has the higher one of its two S values.
    #[error("Non-canonical signature: S value is unnecessarily high")]
    SigHighS,
    /// What `OP_CHECKMULTISIG` takes off the stack besides is not empty.
    #[error("Dummy CHECKMULTISIG argument must be zero")]
    SigNullDummy,
    /// A key is of no known kind.
    #[error("Public key is neither compressed or uncompressed")]
    PubkeyType,
    /// There is not exactly one element left on the stack.
    #[error("Stack size must be exactly one after execution")]
    CleanStack,
    /// What `OP_IF` looks at is neither empty nor 1.
    #[error("OP_IF/NOTIF argument must be minimal")]
    MinimalIf,
    /// A signature fails that is not empty.
    #[error("Signature must be zero for failed CHECK(MULTI)SIG operation")]
    SigNullFail,
    /// An operation that does nothing yet.
    #[error("NOPx reserved for soft-fork upgrades")]
    DiscourageUpgradableNops,
    /// A witness program of a version that means nothing yet.
    #[error("Witness version reserved for soft-fork upgrades")]
    DiscourageUpgradableWitnessProgram,
    /// A taproot leaf of a version that means nothing yet.
    #[error("Taproot version reserved for soft-fork upgrades")]
    DiscourageUpgradableTaprootVersion,
    /// `OP_SUCCESS`.
    #[error("OP_SUCCESSx reserved for soft-fork upgrades")]
    DiscourageOpSuccess,
    /// A key of a kind that means nothing yet.
    #[error("Public key version reserved for soft-fork upgrades")]
    DiscourageUpgradablePubkeyType,
    /// A witness program of version 0 has neither 20 nor 32 bytes.
    #[error("Witness program has incorrect length")]
    WitnessProgramWrongLength,
    /// There is no witness for a program.
    #[error("Witness program was passed an empty witness")]
    WitnessProgramWitnessEmpty,
    /// The witness is not what the program stands for.
    #[error("Witness program hash mismatch")]
    WitnessProgramMismatch,
    /// An input with a witness has a script too.
    #[error("Witness requires empty scriptSig")]
    WitnessMalleated,
    /// An input with a witness has a script that pushes more than the program.
    #[error("Witness requires only-redeemscript scriptSig")]
    WitnessMalleatedP2sh,
    /// There is a witness for what takes none.
    #[error("Witness provided for non-witness script")]
    WitnessUnexpected,
    /// A key in a witness is not compressed.
    #[error("Using non-compressed keys in segwit")]
    WitnessPubkeyType,
    /// A Schnorr signature has neither 64 nor 65 bytes.
    #[error("Invalid Schnorr signature size")]
    SchnorrSigSize,
    /// A Schnorr signature's last byte is not of the known ones.
    #[error("Invalid Schnorr signature hash type")]
    SchnorrSigHashType,
    /// A Schnorr signature is not valid.
    #[error("Invalid Schnorr signature")]
    SchnorrSig,
    /// What proves that a script is of a taproot output has no possible length.
    #[error("Invalid Taproot control block size")]
    TaprootWrongControlSize,
    /// There are more signatures than the witness has weight for.
    #[error("Too much signature validation relative to witness weight")]
    TapscriptValidationWeight,
    /// `OP_CHECKMULTISIG` in a taproot script.
    #[error("OP_CHECKMULTISIG(VERIFY) is not available in tapscript")]
    TapscriptCheckMultisig,
    /// What `OP_IF` looks at in a taproot script is neither empty nor 1.
    #[error("OP_IF/NOTIF argument must be minimal in tapscript")]
    TapscriptMinimalIf,
    /// `OP_CODESEPARATOR` outside of witnesses.
    #[error("Using OP_CODESEPARATOR in non-witness script")]
    OpCodeSeparator,
    /// A signature is in the script that it signs.
    #[error("Signature is found in scriptCode")]
    SigFindAndDelete,
}
