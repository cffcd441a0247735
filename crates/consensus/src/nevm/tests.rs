//! What tests prove with: receipts and transactions of an NEVM that nobody runs.

mod trie;

use bitcoin::hashes::Hash as _;
use bitcoin::opcodes::all::OP_RETURN;
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::{ScriptBuf, Transaction, TxOut, WPubkeyHash};

use super::{NevmHash, NevmRoots};
use crate::address::script_address;
use crate::compact::{compress_amount, write_number};
use crate::network::Network;
use crate::params::Params;
use crate::transaction::{output, transaction};
pub(super) use trie::{Trie, list, path, text};
use trie::{list_of, minimal};

/// The contract of regtest's first bridge.
pub(super) const CONTRACT: [u8; 20] = crate::params::BRIDGE;

/// A receipt with an event by which tokens are frozen.
pub(super) struct Event {
    pub(super) status: Vec<u8>,
    /// Other events before it, as items.
    pub(super) before: Vec<Vec<u8>>,
    pub(super) contract: Vec<u8>,
    pub(super) topics: Vec<Vec<u8>>,
    pub(super) data: Vec<u8>,
    /// Texts after the data.
    pub(super) more: Vec<Vec<u8>>,
}

fn word(number: u64) -> Vec<u8> {
    [&[0; 24], &number.to_be_bytes()[..]].concat()
}

impl Event {
    pub(super) fn new(asset: u64, value: u64, address: &[u8]) -> Self {
        let mut data = [
            word(value),
            word(64),
            word(address.len() as u64),
            address.to_vec(),
        ]
        .concat();
        data.resize(data.len().next_multiple_of(32), 0);
        Self {
            status: vec![1],
            before: Vec::new(),
            contract: CONTRACT.to_vec(),
            topics: vec![
                NevmHash::of(b"TokenFreeze(uint64,address,uint256,string)")
                    .0
                    .to_vec(),
                word(asset),
                word(0xf1),
            ],
            data,
            more: Vec::new(),
        }
    }

    /// An event of another contract.
    pub(super) fn other() -> Vec<u8> {
        list(&[&text(&[5; 20]), &list(&[]), &text(&[])])
    }

    pub(super) fn receipt(&self) -> Vec<u8> {
        let texts = |texts: &[Vec<u8>]| texts.iter().map(|bytes| text(bytes)).collect::<Vec<_>>();
        let mut log = vec![
            text(&self.contract),
            list_of(&texts(&self.topics)),
            text(&self.data),
        ];
        log.extend(texts(&self.more));
        let logs = [&self.before[..], &[list_of(&log)]].concat();
        list(&[
            &text(&self.status),
            &text(&[0x52, 0x08]),
            &text(&[0; 256]),
            &list_of(&logs),
        ])
    }
}

/// A transaction of the NEVM that froze tokens, the block that has it, and the transaction that makes them here.
pub(crate) struct Proof {
    pub(super) event: Event,
    /// The fields of the NEVM's transaction, as items.
    pub(super) fields: Vec<Vec<u8>>,
    /// It is one text instead.
    pub(super) is_text: bool,
    pub(super) transaction_type: Option<u8>,
    /// If it is another one.
    pub(super) receipt_type: Option<Option<u8>>,
    pub(super) place: u8,
    /// Where the transaction is, if the receipt is elsewhere.
    pub(super) transaction_place: Option<u8>,
    /// How many others the block has.
    pub(super) others: u8,
    pub(crate) block: NevmHash,
    pub(super) path: Option<Vec<u8>>,
    pub(super) named: Option<NevmHash>,
    pub(super) receipt_start: Option<u16>,
    /// What follows all of it.
    pub(super) tail: Vec<u8>,
    pub(super) asset: u64,
    pub(super) held: u64,
    /// Which output holds the tokens.
    pub(super) holder: u8,
    pub(super) outputs: Vec<TxOut>,
}

impl Proof {
    pub(crate) fn regtest(asset: u64, value: u64) -> Self {
        let mut paid = output(1000);
        paid.script_pubkey = ScriptBuf::new_p2wpkh(&WPubkeyHash::from_byte_array([3; 20]));
        let address = script_address(&paid.script_pubkey, &Params::new(Network::Regtest).address).unwrap();
        let signature = 2 * Params::new(Network::Regtest).nevm.chain_id + 35;
        let fields = [
            vec![],
            vec![9],
            vec![0x52, 0x08],
            CONTRACT.to_vec(),
            vec![],
            vec![0xab, 0x97, 0x2f, 0x5a],
            minimal(signature),
            vec![4; 32],
            vec![5; 32],
        ];
        Self {
            event: Event::new(asset, value, address.as_bytes()),
            fields: fields.iter().map(|field| text(field)).collect(),
            is_text: false,
            transaction_type: None,
            receipt_type: None,
            place: 0,
            transaction_place: None,
            others: 0,
            block: NevmHash([8; 32]),
            path: None,
            named: None,
            receipt_start: None,
            tail: Vec::new(),
            asset,
            held: value,
            holder: 0,
            outputs: vec![paid],
        }
    }

    /// Makes the NEVM's transaction one of a type.
    pub(super) fn make_typed(&mut self, envelope: u8) {
        self.transaction_type = Some(envelope);
        let prices: &[&[u8]] = if envelope == 1 { &[&[9]] } else { &[&[1], &[9]] };
        let mut fields = vec![
            text(&minimal(Params::new(Network::Regtest).nevm.chain_id)),
            text(&[]),
        ];
        fields.extend(prices.iter().map(|price| text(price)));
        fields.extend([
            text(&[0x52, 0x08]),
            text(&CONTRACT),
            text(&[]),
            text(&[1, 2, 3, 4]),
        ]);
        fields.extend([list(&[]), text(&[1]), text(&[4; 32]), text(&[5; 32])]);
        self.fields = fields;
    }

    pub(super) fn set_contract(&mut self, contract: [u8; 20]) {
        self.event.contract = contract.to_vec();
        self.fields[3] = text(&contract);
    }

    /// The address that the event names.
    pub(super) fn address(&self) -> Vec<u8> {
        self.event.data[96..]
            .iter()
            .copied()
            .take_while(|byte| *byte != 0)
            .collect()
    }

    fn value(&self) -> Vec<u8> {
        match self.is_text {
            true => text(b"no list"),
            false => list_of(&self.fields),
        }
    }

    fn trie(&self, envelope: Option<u8>, value: &[u8], place: u8) -> Trie {
        let value = [envelope.as_slice(), value].concat();
        let others = (0..=self.others).filter(|other| *other != place);
        let entries = others
            .take(self.others.into())
            .map(|other| (path(other.into()), vec![0xe0 + other % 16; 60]));
        Trie::new(entries.chain([(path(place.into()), value)]))
    }

    fn tries(&self) -> [Trie; 2] {
        let receipt_type = self.receipt_type.unwrap_or(self.transaction_type);
        let transaction_place = self.transaction_place.unwrap_or(self.place);
        [
            self.trie(self.transaction_type, &self.value(), transaction_place),
            self.trie(receipt_type, &self.event.receipt(), self.place),
        ]
    }

    /// What the NEVM's block holds.
    pub(crate) fn roots(&self) -> NevmRoots {
        let [transactions, receipts] = self.tries().map(|trie| trie.root());
        NevmRoots {
            transactions,
            receipts,
        }
    }

    /// The data of the transaction that makes the tokens.
    pub(super) fn data(&self) -> Vec<u8> {
        self.data_with(&[(self.asset, &[(self.holder, self.held)])])
    }

    /// The transaction that makes the tokens and says of its outputs what they hold: for each kind, their places and how
    /// many. A second output is there.
    pub(crate) fn mint_with(&self, allocation: &[(u64, &[(u8, u64)])]) -> Transaction {
        let mut mint = self.with_data(&self.data_with(allocation));
        mint.output.insert(1, self.outputs[0].clone());
        mint
    }

    fn data_with(&self, allocation: &[(u64, &[(u8, u64)])]) -> Vec<u8> {
        let [transactions, receipts] = self.tries();
        let transaction_path = path(self.transaction_place.unwrap_or(self.place).into());
        let own_path = path(self.place.into());
        let transaction_nodes = transactions.proof(&transaction_path);
        let receipt_nodes = receipts.proof(&own_path);
        let start = |nodes: &[u8], value: &[u8]| u16::try_from(nodes.len() - value.len()).unwrap();
        let transaction_start = start(&transaction_nodes, &self.value());
        let receipt_start = start(&receipt_nodes, &self.event.receipt());
        let mut data = vec![u8::try_from(allocation.len()).unwrap()];
        for (asset, outputs) in allocation {
            write_number(*asset, &mut data);
            data.push(u8::try_from(outputs.len()).unwrap());
            for (place, value) in *outputs {
                data.push(*place);
                write_number(compress_amount(*value), &mut data);
            }
        }
        data.extend(self.named.unwrap_or(NevmHash::of(&self.value())).0);
        data.extend(self.block.0);
        data.extend(transaction_start.to_le_bytes());
        let sized = |bytes: &[u8]| bitcoin::consensus::encode::serialize(&bytes.to_vec());
        data.extend(sized(&transaction_nodes));
        data.extend(sized(self.path.as_ref().unwrap_or(&own_path)));
        data.extend(self.receipt_start.unwrap_or(receipt_start).to_le_bytes());
        data.extend(sized(&receipt_nodes));
        let roots = self.roots();
        data.extend([roots.transactions.0, roots.receipts.0].concat());
        data.extend(&self.tail);
        data
    }

    /// The transaction that makes the tokens.
    pub(crate) fn mint(&self) -> Transaction {
        self.with_data(&self.data())
    }

    /// The same with other data.
    pub(super) fn with_data(&self, data: &[u8]) -> Transaction {
        let mut mint = transaction();
        mint.version.0 = 140;
        mint.output.clone_from(&self.outputs);
        let mut last = output(0);
        last.script_pubkey = Builder::new()
            .push_opcode(OP_RETURN)
            .push_slice(PushBytesBuf::try_from(data.to_vec()).unwrap())
            .into_script();
        mint.output.push(last);
        mint
    }
}
