//! How blocks and transactions are written for those who ask for their bytes: with their witnesses, or as they were
//! before there were any (`-rpcserialversion=0`, which is deprecated).

use app::{Args, OptionCategory, OptionSpec};
use bitcoin::Transaction;
use bitcoin::consensus::encode::serialize;
use consensus::block::Block;
use encoding::transaction::{stripped_bytes, to_bytes};

/// What has to be said of an option whose use is deprecated.
const DEPRECATED: &str = "serialversion";

/// Whether witnesses are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Serialization {
    #[default]
    WithWitnesses,
    WithoutWitnesses,
}

/// The options cannot be used. Texts are Bitcoin Core's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SerializationError {
    #[error("rpcserialversion must be non-negative.")]
    Negative,
    #[error("Unknown rpcserialversion requested.")]
    Unknown,
    #[error(
        "-rpcserialversion=0 is deprecated and will be removed in the future. Specify -deprecatedrpc=serialversion to \
         allow anyway."
    )]
    Deprecated,
}

/// The options about it.
pub(crate) fn options() -> [OptionSpec; 2] {
    [
        OptionSpec::new(
            "rpcserialversion",
            OptionCategory::RpcServer,
            "Give the bytes of blocks and transactions without their witnesses (0, which is deprecated) or with them (1; \
             default: 1).",
        )
        .argument("<n>"),
        OptionSpec::new(
            "deprecatedrpc",
            OptionCategory::DebugTest,
            "Allow what will be removed: serialversion allows -rpcserialversion=0.",
        )
        .argument("<method>")
        .debug_only(),
    ]
}

impl Serialization {
    /// # Errors
    /// [`SerializationError`] for a version that is none, or needs to be allowed.
    pub(crate) fn new(args: &Args) -> Result<Self, SerializationError> {
        match args.number("rpcserialversion", 1) {
            ..0 => Err(SerializationError::Negative),
            0 if args.texts("deprecatedrpc").iter().any(|name| name == DEPRECATED) => {
                Ok(Self::WithoutWitnesses)
            }
            0 => Err(SerializationError::Deprecated),
            1 => Ok(Self::WithWitnesses),
            _ => Err(SerializationError::Unknown),
        }
    }

    /// A transaction's bytes.
    pub(crate) fn transaction(self, transaction: &Transaction) -> Vec<u8> {
        match self {
            Self::WithWitnesses => to_bytes(transaction),
            Self::WithoutWitnesses => stripped_bytes(transaction),
        }
    }

    /// A transaction's bytes as digits.
    pub(crate) fn transaction_hex(self, transaction: &Transaction) -> String {
        encoding::hex::to_hex(&self.transaction(transaction))
    }

    /// A block's bytes.
    pub(crate) fn block(self, block: &Block) -> Vec<u8> {
        match self {
            Self::WithWitnesses => serialize(block),
            Self::WithoutWitnesses => {
                let mut block = block.clone();
                let inputs = block.transactions.iter_mut().flat_map(|one| &mut one.input);
                inputs.for_each(|input| input.witness.clear());
                serialize(&block)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::option_table;

    fn choice(options: &[&str]) -> Result<Serialization, SerializationError> {
        let argv = std::iter::once("syscoind").chain(options.iter().copied());
        let args = Args::parse(option_table(), argv.map(Into::into)).unwrap();
        Serialization::new(&args)
    }

    #[test]
    fn witnesses_are_left_out_only_where_that_is_allowed() {
        for (options, expected) in [
            (&[][..], Ok(Serialization::WithWitnesses)),
            (&["-rpcserialversion=1"], Ok(Serialization::WithWitnesses)),
            (&["-rpcserialversion=0"], Err(SerializationError::Deprecated)),
            (
                &["-rpcserialversion=0", "-deprecatedrpc=create"],
                Err(SerializationError::Deprecated),
            ),
            (
                &[
                    "-rpcserialversion=0",
                    "-deprecatedrpc=create",
                    "-deprecatedrpc=serialversion",
                ],
                Ok(Serialization::WithoutWitnesses),
            ),
            (&["-rpcserialversion=2"], Err(SerializationError::Unknown)),
            (&["-rpcserialversion=-1"], Err(SerializationError::Negative)),
        ] {
            assert_eq!(choice(options), expected, "{options:?}");
        }
    }
}
