//! A transaction's bytes.
//!
//! The `bitcoin` crate reads and writes transactions without inputs otherwise than nodes do. They break a rule, but what is
//! wrong with a block that holds one is that rule, and not its bytes.

use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode::{self, Decodable, Encodable, VarInt};
use bitcoin::io::{self, Read, Write};
use bitcoin::transaction::Version;
use bitcoin::{Transaction, TxIn, TxOut, Witness};

use super::{TransactionKind, parse_allocation};

/// That witnesses follow (BIP 144).
const WITNESSES: u8 = 1;

/// The longest list that is read, and the longest item of one, in bytes.
const MAX_LENGTH: usize = 0x0200_0000;

/// So much is read at once.
const CHUNK: usize = 1 << 20;

/// Reads a transaction as upstream does: one that moves assets must say how.
///
/// # Errors
/// [`encode::Error`] if the bytes are no transaction, or its version is of assets and no allocation can be read.
pub fn decode_transaction<R: Read + ?Sized>(reader: &mut R) -> Result<Transaction, encode::Error> {
    let version = Version::consensus_decode_from_finite_reader(reader)?;
    let mut flags = 0;
    let mut input = Vec::<TxIn>::consensus_decode_from_finite_reader(reader)?;
    let mut output = Vec::new();
    if input.is_empty() {
        flags = u8::consensus_decode_from_finite_reader(reader)?;
        if flags != 0 {
            input = Vec::consensus_decode_from_finite_reader(reader)?;
        }
    }
    if flags != 0 || !input.is_empty() {
        output = Vec::<TxOut>::consensus_decode_from_finite_reader(reader)?;
    }
    if flags & WITNESSES != 0 {
        for input in &mut input {
            input.witness = decode_witness(reader)?;
        }
        if input.iter().all(|input| input.witness.is_empty()) {
            return Err(encode::Error::ParseFailed("Superfluous witness record"));
        }
    }
    if flags & !WITNESSES != 0 {
        return Err(encode::Error::ParseFailed("Unknown transaction optional data"));
    }
    let transaction = Transaction {
        version,
        lock_time: LockTime::consensus_decode_from_finite_reader(reader)?,
        input,
        output,
    };
    if TransactionKind::of(&transaction).is_asset() {
        parse_allocation(&transaction).map_err(|error| encode::Error::ParseFailed(error.message()))?;
    }
    Ok(transaction)
}

/// Reads a witness that may be heavier than a block: what is wrong with its block is a rule, and not its bytes. The
/// `bitcoin` crate reads none above 4 MB.
fn decode_witness<R: Read + ?Sized>(reader: &mut R) -> Result<Witness, encode::Error> {
    let count = decode_length(reader)?;
    let mut bytes = Vec::new();
    let mut ends = Vec::new();
    for _item in 0..count {
        let end = bytes.len() + decode_length(reader)?;
        while bytes.len() < end {
            let start = bytes.len();
            // No more memory is taken for an item than there are bytes of it, about.
            bytes.resize(end.min(start + CHUNK), 0);
            reader.read_exact(&mut bytes[start..])?;
        }
        ends.push(end);
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let items: Vec<_> = starts
        .zip(&ends)
        .map(|(start, end)| &bytes[start..*end])
        .collect();
    Ok(Witness::from_slice(&items))
}

fn decode_length<R: Read + ?Sized>(reader: &mut R) -> Result<usize, encode::Error> {
    let length = VarInt::consensus_decode(reader)?.0;
    usize::try_from(length)
        .ok()
        .filter(|length| *length <= MAX_LENGTH)
        .ok_or(encode::Error::ParseFailed("ReadCompactSize(): size too large"))
}

/// Writes a transaction as [`decode_transaction`] reads it. One without inputs that has outputs cannot be read again.
///
/// # Errors
/// Those of the writer.
pub fn encode_transaction<W: Write + ?Sized>(
    transaction: &Transaction,
    writer: &mut W,
) -> Result<usize, io::Error> {
    if !transaction.input.is_empty() {
        return transaction.consensus_encode(writer);
    }
    let mut length = transaction.version.consensus_encode(writer)?;
    length += transaction.input.consensus_encode(writer)?;
    length += transaction.output.consensus_encode(writer)?;
    length += transaction.lock_time.consensus_encode(writer)?;
    Ok(length)
}

#[cfg(test)]
mod tests {
    use bitcoin::hex::{DisplayHex as _, FromHex as _};

    use super::super::{output, transaction};
    use super::*;

    fn read(digits: &str) -> Result<Transaction, String> {
        let bytes = Vec::from_hex(&digits.replace(' ', "")).unwrap();
        decode_transaction(&mut &bytes[..]).map_err(|error| error.to_string())
    }

    #[test]
    fn a_transaction_without_inputs_is_read_and_written_as_by_nodes() {
        let digits = "02000000 00 00 07000000";
        let empty = read(digits).unwrap();
        assert!(empty.input.is_empty() && empty.output.is_empty());
        assert_eq!(empty.lock_time, LockTime::from_consensus(7));
        let mut bytes = Vec::new();
        assert_eq!(encode_transaction(&empty, &mut bytes).unwrap(), bytes.len());
        assert_eq!(bytes.to_lower_hex_string(), digits.replace(' ', ""));
    }

    #[test]
    fn witnesses_must_be_there_where_they_are_announced_and_nothing_else() {
        let input =
            "01 0000000000000000000000000000000000000000000000000000000000000000 00000000 00 ffffffff";
        let output = "01 0000000000000000 00";
        let check = |digits: String, expected: &str| {
            let error = read(&digits).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(
            format!("02000000 00 01 00 {output} 00000000"),
            "Superfluous witness record",
        );
        check(
            format!("02000000 00 01 {input} {output} 00 00000000"),
            "Superfluous witness record",
        );
        for flags in ["02", "03"] {
            check(
                format!("02000000 00 {flags} {input} {output} 01 01 aa 00000000"),
                "Unknown transaction optional data",
            );
        }
        let good = read(&format!("02000000 00 01 {input} {output} 01 01 aa 00000000")).unwrap();
        assert_eq!(good.input[0].witness.len(), 1);
    }

    /// A transaction with this witness, which begins with a length.
    fn with_witness(witness: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::from_hex("02000000000101").unwrap();
        bytes.resize(bytes.len() + 36, 0);
        bytes.extend(Vec::from_hex("00ffffffff01000000000000000000").unwrap());
        bytes.extend(witness);
        bytes.extend([0; 4]);
        bytes
    }

    #[test]
    fn a_witness_may_be_heavier_than_a_block() {
        let items = [vec![7; 5_000_000], Vec::new(), vec![8; 70_000]];
        let witness = Witness::from_slice(&items);
        let bytes = with_witness(&encode::serialize(&witness));
        let transaction = decode_transaction(&mut &bytes[..]).unwrap();
        assert_eq!(transaction.input[0].witness, witness);
        let mut written = Vec::new();
        encode_transaction(&transaction, &mut written).unwrap();
        assert_eq!(written, bytes);

        let many = Witness::from_slice(&vec![Vec::<u8>::new(); 5_000_000]);
        let bytes = with_witness(&encode::serialize(&many));
        let transaction = decode_transaction(&mut &bytes[..]).unwrap();
        assert_eq!(transaction.input[0].witness, many);
    }

    #[test]
    fn a_witness_that_is_not_there_is_refused() {
        for (witness, expected) in [
            (&[1, 0xfe, 1, 0, 0, 2][..], "size too large"),
            (&[0xfe, 1, 0, 0, 2], "size too large"),
            (&[1, 0xfe, 0, 0, 0, 2, 7], "IO error"),
            (&[0xfe, 0, 0, 0, 2, 0], "IO error"),
            (&[1, 0xfd, 5, 0], "non-minimal varint"),
        ] {
            let error = decode_transaction(&mut &with_witness(witness)[..]).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn transactions_with_inputs_have_bitcoins_bytes() {
        let mut transaction = transaction();
        transaction.output.push(output(3));
        let mut bytes = Vec::new();
        encode_transaction(&transaction, &mut bytes).unwrap();
        assert_eq!(bytes, encode::serialize(&transaction));
        assert_eq!(decode_transaction(&mut &bytes[..]).unwrap(), transaction);
    }
}
