//! The types of crate `bitcoin`.

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version as BlockVersion};
use bitcoin::hashes::Hash as _;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, Block, BlockHash, CompactTarget, OutPoint, Psbt, PubkeyHash, PublicKey, ScriptBuf, Sequence,
    Transaction, TxIn, TxMerkleNode, TxOut, Txid, Witness, Wtxid,
};

use crate::suite::crossing::{Crossing, plain};
use crate::suite::draw::Draw;

/// Points that lie on the curve, as keys are written.
const KEYS: [&str; 2] = [
    "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
     483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
];

plain! {
    BlockHash => |draw| BlockHash::from_byte_array(Crossing::draw(draw));
    Txid => |draw| Txid::from_byte_array(Crossing::draw(draw));
    Wtxid => |draw| Wtxid::from_byte_array(Crossing::draw(draw));
    TxMerkleNode => |draw| TxMerkleNode::from_byte_array(Crossing::draw(draw));
    PubkeyHash => |draw| PubkeyHash::from_byte_array(draw.bytes());
    PublicKey => |draw| draw.choose(&KEYS).parse().expect("the key is one because it stands above");
    ScriptBuf => |draw| match draw.below(3) {
        0 => ScriptBuf::new(),
        _ => ScriptBuf::from_bytes(draw.bytes::<34>().to_vec()),
    };
    Amount => |draw| match draw.below(4) {
        0 => Amount::ZERO,
        1 => Amount::MAX_MONEY,
        _ => Amount::from_sat(draw.below(Amount::MAX_MONEY.to_sat())),
    };
    OutPoint => |draw| OutPoint { txid: Crossing::draw(draw), vout: Crossing::draw(draw) };
    TxOut => |draw| TxOut { value: Crossing::draw(draw), script_pubkey: Crossing::draw(draw) };
    Transaction => |draw| {
        let has_witness = draw.below(2) == 1;
        draw_transaction(draw, has_witness)
    };
    Header => |draw| Header {
        version: BlockVersion::from_consensus(Crossing::draw(draw)),
        prev_blockhash: Crossing::draw(draw),
        merkle_root: Crossing::draw(draw),
        time: Crossing::draw(draw),
        bits: CompactTarget::from_consensus(Crossing::draw(draw)),
        nonce: Crossing::draw(draw),
    };
    Block => |draw| Block { header: Crossing::draw(draw), txdata: Crossing::draw(draw) };
    Psbt => |draw| {
        let mut transaction = draw_transaction(draw, false);
        for input in &mut transaction.input {
            input.script_sig = ScriptBuf::new();
        }
        Psbt::from_unsigned_tx(transaction).expect("the transaction has no signatures because they were taken out")
    };
}

/// A transaction with an input at least: without, its encoding says something else.
fn draw_transaction(draw: &mut Draw, has_witness: bool) -> Transaction {
    Transaction {
        version: Version(Crossing::draw(draw)),
        lock_time: LockTime::from_consensus(Crossing::draw(draw)),
        input: (0..=draw.below(3))
            .map(|_| draw_input(draw, has_witness))
            .collect(),
        output: Crossing::draw(draw),
    }
}

fn draw_input(draw: &mut Draw, has_witness: bool) -> TxIn {
    let elements: Vec<Vec<u8>> = if has_witness {
        Crossing::draw(draw)
    } else {
        Vec::new()
    };
    TxIn {
        previous_output: Crossing::draw(draw),
        script_sig: Crossing::draw(draw),
        sequence: Sequence(Crossing::draw(draw)),
        witness: Witness::from_slice(&elements),
    }
}
