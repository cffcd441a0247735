//! Registrations and changes of masternodes, right and wrong.

use bitcoin::hashes::Hash as _;
use bitcoin::opcodes::all::OP_RETURN;
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::{Amount, ScriptBuf, TxOut, Txid};

use super::*;
use crate::transaction::{output, transaction};

/// Since DIP3 and Nexus.
const HEIGHT: u32 = 500;

/// The fields of a registration of 100,000 coins in the first output, which nothing is wrong with.
struct Fields {
    version: u16,
    kind: u16,
    mode: u16,
    collateral: OutPoint,
    address: [u8; 16],
    port: u16,
    owner: [u8; 20],
    operator: [u8; 48],
    voter: [u8; 20],
    reward: u16,
    payee: ScriptBuf,
    inputs_hash: Option<[u8; 32]>,
    signature: Vec<u8>,
    rest: Vec<u8>,
}

fn key_script(byte: u8) -> ScriptBuf {
    let mut script = vec![0, 20];
    script.extend([byte; 20]);
    script.into()
}

fn mapped(address: [u8; 4]) -> [u8; 16] {
    std::net::Ipv4Addr::from(address).to_ipv6_mapped().octets()
}

impl Fields {
    fn new() -> Self {
        Self {
            version: 2,
            kind: 0,
            mode: 0,
            collateral: OutPoint::new(Txid::all_zeros(), 0),
            address: mapped([127, 0, 0, 1]),
            port: 1234,
            owner: [1; 20],
            operator: [2; 48],
            voter: [3; 20],
            reward: 10_000,
            payee: key_script(4),
            inputs_hash: None,
            signature: Vec::new(),
            rest: Vec::new(),
        }
    }

    fn bytes(&self, inputs_hash: [u8; 32]) -> Vec<u8> {
        [
            &self.version.to_le_bytes()[..],
            &self.kind.to_le_bytes(),
            &self.mode.to_le_bytes(),
            &serialize(&self.collateral),
            &self.address,
            &self.port.to_be_bytes(),
            &self.owner,
            &self.operator,
            &self.voter,
            &self.reward.to_le_bytes(),
            &serialize(&self.payee),
            &self.inputs_hash.unwrap_or(inputs_hash),
            &serialize(&self.signature),
            &self.rest,
        ]
        .concat()
    }
}

fn with_data(version: i32, value: u64, data: Vec<u8>) -> Transaction {
    let mut transaction = transaction();
    transaction.version.0 = version;
    let push = PushBytesBuf::try_from(data).unwrap();
    let carrier = TxOut {
        value: Amount::ZERO,
        script_pubkey: Builder::new()
            .push_opcode(OP_RETURN)
            .push_slice(push)
            .into_script(),
    };
    let mut collateral = output(value);
    collateral.script_pubkey = key_script(5);
    transaction.output = vec![collateral, carrier];
    transaction
}

const ENOUGH: u64 = 100_000 * 100_000_000;

fn register(fields: &Fields) -> Transaction {
    let hash = inputs_hash(&transaction());
    with_data(80, ENOUGH, fields.bytes(hash))
}

fn check(transaction: &Transaction, collateral: Option<&Coin>, height: u32) -> Result<(), String> {
    let params = Params::new(Network::Regtest);
    check_masternode(transaction, collateral, height, &params).map_err(|error| error.to_string())
}

fn check_fields(change: impl FnOnce(&mut Fields)) -> String {
    let mut fields = Fields::new();
    change(&mut fields);
    check(&register(&fields), None, HEIGHT).unwrap_err()
}

#[test]
fn registrations_without_fault_have_an_effect_since_dip3_which_is_not_followed() {
    assert_eq!(check_fields(|_| ()), "masternodes-unsupported");
    assert_eq!(check(&register(&Fields::new()), None, 431), Ok(()));
    assert_eq!(
        check(&register(&Fields::new()), None, 432),
        Err("masternodes-unsupported".to_owned())
    );
    assert_eq!(
        check_fields(|fields| fields.version = 1),
        "masternodes-unsupported"
    );
    // Without an address there is something left to be said later.
    let unset = |fields: &mut Fields| (fields.address, fields.port) = ([0; 16], 0);
    assert_eq!(check_fields(unset), "masternodes-unsupported");
}

#[test]
fn each_fault_of_a_registration_has_its_reason() {
    for (change, reason) in [
        (
            (|fields| fields.rest.push(0)) as fn(&mut Fields),
            "bad-protx-payload",
        ),
        (|fields| fields.version = 3, "bad-protx-payload"),
        (|fields| fields.kind = 1, "bad-protx-type"),
        (|fields| fields.mode = 1, "bad-protx-mode"),
        (|fields| fields.owner = [0; 20], "bad-protx-key-null"),
        (|fields| fields.voter = [0; 20], "bad-protx-key-null"),
        (|fields| fields.operator = [0; 48], "bad-protx-key-null"),
        (|fields| fields.payee = ScriptBuf::new(), "bad-protx-payee-dest"),
        (
            |fields| fields.payee = vec![0, 2, 1, 1].into(),
            "bad-protx-payee-dest",
        ),
        (|fields| fields.payee = key_script(1), "bad-protx-payee-reuse"),
        (|fields| fields.payee = key_script(3), "bad-protx-payee-reuse"),
        (|fields| fields.reward = 10_001, "bad-protx-operator-reward"),
        (|fields| fields.address = mapped([0; 4]), "bad-protx-ipaddr"),
        (|fields| fields.address = mapped([255; 4]), "bad-protx-ipaddr"),
        (|fields| fields.address = [1; 16], "bad-protx-ipaddr"),
        (|fields| fields.port = 8369, "bad-protx-ipaddr-port"),
        (|fields| fields.collateral.vout = 2, "bad-protx-collateral-index"),
        (|fields| fields.collateral.vout = 1, "bad-protx-collateral"),
        (|fields| fields.owner = [5; 20], "bad-protx-collateral-reuse"),
        (
            |fields| fields.inputs_hash = Some([0; 32]),
            "bad-protx-inputs-hash",
        ),
        (|fields| fields.signature.push(1), "bad-protx-sig"),
    ] {
        assert_eq!(check_fields(change), reason);
    }
    let bytes = Fields::new().bytes([0; 32]);
    for length in 0..bytes.len() {
        let cut = with_data(80, ENOUGH, bytes[..length].to_vec());
        assert_eq!(
            check(&cut, None, HEIGHT),
            Err("bad-protx-payload".to_owned()),
            "{length}"
        );
    }
    assert_eq!(
        check(&with_data(80, ENOUGH, vec![3, 0]), None, HEIGHT),
        Err("bad-protx-version".to_owned())
    );
}

#[test]
fn coins_of_earlier_transactions_are_locked_up_by_their_keys() {
    let earlier = OutPoint::new(Txid::from_byte_array([9; 32]), 7);
    let mut fields = Fields::new();
    fields.collateral = earlier;
    fields.signature = vec![1; 65];
    let registration = register(&fields);
    assert_eq!(earlier_collateral(&registration), Some(earlier));
    assert_eq!(earlier_collateral(&register(&Fields::new())), None);
    let with = |value: u64, script: ScriptBuf| {
        let mut locked = output(value);
        locked.script_pubkey = script;
        check(&registration, Some(&Coin::new(locked, 5, false)), HEIGHT).unwrap_err()
    };
    let script_hash = ScriptBuf::new().to_p2sh();
    assert_eq!(
        check(&registration, None, HEIGHT),
        Err("bad-protx-collateral".to_owned())
    );
    for (value, script, reason) in [
        (ENOUGH, key_script(6), "masternodes-unsupported"),
        (ENOUGH - 1, key_script(6), "bad-protx-collateral"),
        (ENOUGH, ScriptBuf::new(), "bad-protx-collateral-dest"),
        (ENOUGH, script_hash, "bad-protx-collateral-pkh"),
        (ENOUGH, key_script(3), "bad-protx-collateral-reuse"),
    ] {
        assert_eq!(with(value, script), reason);
    }
}

#[test]
fn changes_are_of_no_masternode_that_is_known() {
    let service = |version: u16, port: u16, nevm: &[u8]| {
        [
            &version.to_le_bytes()[..],
            &[7; 32],
            &mapped([127, 0, 0, 1]),
            &port.to_be_bytes(),
            &[0],
            &[8; 32],
            &[9; 96],
            nevm,
        ]
        .concat()
    };
    let registrar = |mode: u8, voter: u8, payee: &[u8]| {
        [
            &[2, 0][..],
            &[7; 32],
            &[mode, 0],
            &[2; 48],
            &[voter; 20],
            &[u8::try_from(payee.len()).unwrap()],
            payee,
            &[8; 32],
            &[0],
        ]
        .concat()
    };
    let revoke =
        |version: u8, reason: u8| [&[version, 0][..], &[7; 32], &[reason, 0], &[8; 32], &[9; 96]].concat();
    let payee = key_script(4);
    for (version, data, reason) in [
        (81, service(3, 1234, &[0]), "bad-protx-hash"),
        (81, service(2, 1234, &[]), "bad-protx-hash"),
        (81, service(3, 1234, &[]), "bad-protx-payload"),
        (81, service(3, 8369, &[0]), "bad-protx-ipaddr-port"),
        (81, vec![4, 0], "bad-protx-version"),
        (82, registrar(0, 3, payee.as_bytes()), "bad-protx-hash"),
        (82, registrar(1, 3, payee.as_bytes()), "bad-protx-mode"),
        (82, registrar(0, 0, payee.as_bytes()), "bad-protx-key-null"),
        (82, registrar(0, 3, &[]), "bad-protx-payee-dest"),
        (83, revoke(2, 3), "bad-protx-hash"),
        (83, revoke(1, 0), "bad-protx-hash"),
        (83, revoke(2, 4), "bad-protx-reason"),
        (83, vec![0, 0], "bad-protx-version"),
        (83, Vec::new(), "bad-protx-payload"),
    ] {
        let transaction = with_data(version, 1, data);
        assert_eq!(
            check(&transaction, None, HEIGHT),
            Err(reason.to_owned()),
            "{version}"
        );
        // Others say nothing of masternodes.
        let mut ordinary = transaction;
        ordinary.version.0 = 2;
        assert_eq!(check(&ordinary, None, HEIGHT), Ok(()));
    }
}

#[test]
fn forms_and_addresses_are_those_of_their_chain_and_height() {
    let mut params = Params::new(Network::Regtest);
    params.set_dip19("450").unwrap();
    let newer = register(&Fields::new());
    let check = |height, params: &Params| check_masternode(&newer, None, height, params).unwrap_err();
    assert_eq!(check(450, &params), MasternodeError::Version);
    assert_eq!(check(451, &params), MasternodeError::Unsupported);
    let main = Params::new(Network::Main);
    assert_eq!(check_masternode(&newer, None, 2_010_344, &main), Ok(()));
    for (address, port, expected) in [
        ([127, 0, 0, 1], 8369, MasternodeError::Address),
        ([10, 0, 0, 1], 8369, MasternodeError::Address),
        ([100, 64, 0, 1], 8369, MasternodeError::Address),
        ([8, 8, 8, 8], 8370, MasternodeError::Port),
        ([8, 8, 8, 8], 8369, MasternodeError::Unsupported),
    ] {
        let mut fields = Fields::new();
        (fields.address, fields.port) = (mapped(address), port);
        let error = check_masternode(&register(&fields), None, 2_010_345, &main).unwrap_err();
        assert_eq!(error, expected, "{address:?}");
    }
}
