//! What proofs make, and what they do not.

use bitcoin::hex::FromHex as _;
use proptest::prelude::*;

use super::*;
use crate::activation::Activation;
use crate::network::Network;
use crate::nevm::tests::{Event, Proof as Built, list, text};

const HEIGHT: u32 = 500;

/// Regtest's parameters with one way alone to tell of tokens, or without.
fn params(form: Form) -> Params {
    let mut params = Params::new(Network::Regtest);
    if form == Form::Canonical {
        params.heights.chainlock_receipts = Activation::at(HEIGHT);
    }
    params
}

fn check_in(form: Form, built: &Built, earlier: EarlierMint) -> Result<(), MintError> {
    let transaction = built.mint();
    let held = crate::transaction::held_tokens(&transaction).unwrap();
    let context = MintContext {
        roots: Some(built.roots()),
        earlier,
    };
    let tokens = check_mint(&transaction, &held, &context, HEIGHT, &params(form))?;
    assert_eq!((tokens.asset.get(), tokens.value), (7, 50));
    Ok(())
}

/// What a mint comes to in any form, and in the one form.
fn check(change: impl FnOnce(&mut Built), any: Result<(), MintError>, canonical: Result<(), MintError>) {
    let mut built = Built::regtest(7, 50);
    change(&mut built);
    assert_eq!(check_in(Form::Any, &built, EarlierMint::None), any);
    assert_eq!(check_in(Form::Canonical, &built, EarlierMint::None), canonical);
}

#[test]
fn what_was_frozen_is_made_by_who_proves_it() {
    check(|_| {}, Ok(()), Ok(()));
    check(|built| built.place = 0x85, Ok(()), Ok(()));
    check(|built| built.others = 200, Ok(()), Ok(()));
    check(|built| built.make_typed(1), Err(MintError::Format), Ok(()));
    check(|built| built.make_typed(2), Ok(()), Ok(()));
    check(|built| built.make_typed(3), Ok(()), Err(MintError::Format));
    check(
        |built| built.make_typed(0x7f),
        Err(MintError::Format),
        Err(MintError::Format),
    );
}

#[test]
fn each_is_used_once() {
    let built = Built::regtest(7, 50);
    for form in [Form::Any, Form::Canonical] {
        let check = |earlier| check_in(form, &built, earlier);
        assert_eq!(check(EarlierMint::Confirmed), Err(MintError::Exists));
        assert_eq!(check(EarlierMint::Pending), Err(MintError::Duplicate));
    }
}

#[test]
fn the_block_of_the_nevm_must_be_known_with_these_roots() {
    let built = Built::regtest(7, 50);
    let transaction = built.mint();
    let held = crate::transaction::held_tokens(&transaction).unwrap();
    let check = |roots| {
        let context = MintContext {
            roots,
            earlier: EarlierMint::None,
        };
        check_mint(&transaction, &held, &context, HEIGHT, &params(Form::Any)).map(drop)
    };
    let roots = built.roots();
    assert_eq!(check(Some(roots)), Ok(()));
    assert_eq!(check(None), Err(MintError::UnknownBlock));
    let other = NevmHash([1; 32]);
    let transactions = NevmRoots {
        transactions: other,
        ..roots
    };
    assert_eq!(check(Some(transactions)), Err(MintError::TransactionsRoot));
    let receipts = NevmRoots {
        receipts: other,
        ..roots
    };
    assert_eq!(check(Some(receipts)), Err(MintError::ReceiptsRoot));
}

#[test]
fn proofs_must_be_of_what_is_told() {
    let both = |change: &dyn Fn(&mut Built), error| check(change, Err(error), Err(error));
    both(
        &|built| built.named = Some(NevmHash([9; 32])),
        MintError::TransactionHash,
    );
    both(&|built| built.path = Some(vec![7, 7]), MintError::ReceiptProof);
    both(
        &|built| built.transaction_place = Some(5),
        MintError::TransactionProof,
    );
    both(&|built| built.receipt_start = Some(0), MintError::ReceiptProof);
    both(&|built| built.receipt_start = Some(4), MintError::Rlp);
    both(
        &|built| built.receipt_start = Some(u16::MAX),
        MintError::ReceiptPlace,
    );
    both(&|built| built.tail = vec![0], MintError::Malformed);
    check(
        |built| built.receipt_type = Some(Some(1)),
        Ok(()),
        Err(MintError::EnvelopeType),
    );
}

#[test]
fn the_transaction_goes_to_the_bridge_on_the_chains_own_nevm() {
    let both = |change: &dyn Fn(&mut Built), error| check(change, Err(error), Err(error));
    both(&|built| built.fields[6] = text(&[0x2c, 0xaa]), MintError::ChainId);
    check(|built| built.fields[6] = text(&[0x2c, 0xac]), Ok(()), Ok(()));
    both(&|built| built.fields[6] = text(&[34]), MintError::ChainId);
    both(&|built| built.fields[6] = text(&[1; 9]), MintError::ChainId);
    both(&|built| built.fields[6] = text(&[1; 33]), MintError::Rlp);
    both(&|built| built.fields[6] = text(&[0, 1]), MintError::Rlp);
    both(&|built| built.fields[3] = text(&[1; 20]), MintError::Receiver);
    both(&|built| built.fields[3] = text(&[]), MintError::ReceiverLength);
    both(&|built| built.fields[3] = list(&[]), MintError::Rlp);
    both(&|built| built.fields.truncate(7), MintError::TransactionFields);
    check(
        |built| built.fields.truncate(8),
        Err(MintError::Format),
        Err(MintError::LegacyFormat),
    );
    both(&|built| built.is_text = true, MintError::TransactionList);
    check(
        |built| {
            built.make_typed(2);
            built.fields[0] = text(&[57]);
        },
        Err(MintError::ChainId),
        Err(MintError::ChainId),
    );
}

#[test]
fn since_the_second_bridge_another_contract_is_asked() {
    let mut params = Params::new(Network::Regtest);
    params.heights.bridge_v2 = Activation::at(HEIGHT);
    let check = |contract: [u8; 20], height| {
        let mut built = Built::regtest(7, 50);
        built.set_contract(contract);
        let transaction = built.mint();
        let held = crate::transaction::held_tokens(&transaction).unwrap();
        let context = MintContext {
            roots: Some(built.roots()),
            earlier: EarlierMint::None,
        };
        check_mint(&transaction, &held, &context, height, &params).map(drop)
    };
    let first = params.nevm.bridge;
    let second = params.nevm.second_bridge;
    assert_eq!(check(first, HEIGHT - 1), Ok(()));
    assert_eq!(check(second, HEIGHT), Ok(()));
    assert_eq!(check(first, HEIGHT), Err(MintError::NothingFrozen));
    assert_eq!(check(second, HEIGHT - 1), Err(MintError::NothingFrozen));
}

#[test]
fn the_tokens_go_to_the_address_that_was_named() {
    let both = |change: &dyn Fn(&mut Built), error| check(change, Err(error), Err(error));
    both(
        &|built| built.outputs[0].script_pubkey = vec![0x51].into(),
        MintError::NoAddress,
    );
    both(
        &|built| built.outputs[0].script_pubkey.as_mut_bytes()[5] ^= 1,
        MintError::Destination,
    );
    both(&|built| built.held = 49, MintError::Destination);
    both(
        &|built| built.event = Event::new(8, 50, &built.address()),
        MintError::Destination,
    );
    // Before the one with the tokens there may be others, and behind it anything.
    check(
        |built| {
            let mut other = built.outputs[0].clone();
            other.script_pubkey.as_mut_bytes()[5] ^= 1;
            built.outputs.insert(0, other);
            built.holder = 1;
            built
                .outputs
                .push(bitcoin::TxOut::minimal_non_dust(vec![0x51].into()));
        },
        Ok(()),
        Ok(()),
    );
}

#[test]
fn a_mint_of_the_public_test_chain_is_proven() {
    // A transaction of the NEVM of the public test chain with the proofs that its bridge hands out, in a block of its own.
    let hex = |digits: &str| Vec::from_hex(&digits.split_whitespace().collect::<String>()).unwrap();
    let hash = |digits: &str| NevmHash(hex(digits).try_into().unwrap());
    let (transaction_nodes, receipt_nodes) = (
        hex(include_str!("transaction.hex")),
        hex(include_str!("receipt.hex")),
    );
    let mint = Mint {
        transaction: hash("c7bb86858fdc4c31b3a6d6e6d10eb3c5898361588eb7d1c670e97f211a935394"),
        block: hash("db83a3112b2de0eab4a5ba33781b4f771e721ef8e908b5fcf62ca512b946dea3"),
        roots: NevmRoots {
            transactions: hash("80f9f7cc8e2acc7e6be99e3cd5a25ae08b635f5800a54730e6c3be6fe4dac403"),
            receipts: hash("b64cfc6d8a5e9dc54bb262ae0cfa1383fbbe0b62e8a537bfd6c9e96853b6f098"),
        },
        path: &[0x80],
        transaction_nodes: Proof {
            nodes: &transaction_nodes,
            start: 13,
        },
        receipt_nodes: Proof {
            nodes: &receipt_nodes,
            start: 13,
        },
    };
    let context = MintContext {
        roots: Some(mint.roots),
        earlier: EarlierMint::None,
    };
    // The bridge of that time was another contract.
    let contract = hex("ac58ee0585ed36b1529ab59393a575102bf8b5f7")
        .try_into()
        .unwrap();
    let params = Params::new(Network::Test);
    for form in [Form::Any, Form::Canonical] {
        let freeze = check_proofs(&mint, &context, form, &contract, &params).unwrap();
        assert_eq!((freeze.asset, freeze.value), (4_294_967_299, 10));
        assert_eq!(freeze.address, b"tsys1qw8n9zq4ynqn94spk0vqsqpfukrn2sjuqf5aecp");
    }
    let main = Params::new(Network::Main);
    assert_eq!(
        check_proofs(&mint, &context, Form::Any, &contract, &main),
        Err(MintError::ChainId)
    );
}

proptest! {
    #[test]
    fn no_other_proof_makes_tokens(place: prop::sample::Index, bit in 0_u8..8) {
        let built = Built::regtest(7, 50);
        let mut data = built.data();
        let place = place.index(data.len());
        data[place] ^= 1 << bit;
        let transaction = built.with_data(&data);
        let Ok(held) = crate::transaction::held_tokens(&transaction) else { return Ok(()) };
        let context = MintContext { roots: Some(built.roots()), earlier: EarlierMint::None };
        let tokens = check_mint(&transaction, &held, &context, HEIGHT, &params(Form::Canonical));
        // The block's name says nothing here: whoever calls looks up what is known of it.
        let named = Mint::of(&transaction).is_some_and(|mint| mint.block != built.block);
        prop_assert!(tokens.is_err() || named, "{}", place);
    }
}
