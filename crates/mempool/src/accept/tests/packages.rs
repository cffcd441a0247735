//! Transactions that come together.

use super::*;

#[test]
fn packages_are_refused_as_a_whole_in_upstreams_words() {
    let mut rig = Rig::new(Config::default());
    let (coin, other) = (rig.model.fund(1_000_000), rig.model.fund(1_000_000));
    let chain = chain_of(coin, 26);
    let test = |rig: &mut Rig, package: &[Transaction]| {
        let result = rig.pool.test_package(&shared(package), &rig.model, NOW);
        result.error.map(|error| error.to_string())
    };
    assert_eq!(test(&mut rig, &chain[..25]), None);
    assert_eq!(
        test(&mut rig, &chain).as_deref(),
        Some("package-too-many-transactions")
    );
    let reversed = [chain[1].clone(), chain[0].clone()];
    assert_eq!(test(&mut rig, &reversed).as_deref(), Some("package-not-sorted"));
    let conflicting = [chain[0].clone(), spend(&[coin], &[500_000])];
    assert_eq!(
        test(&mut rig, &conflicting).as_deref(),
        Some("conflict-in-package")
    );
    assert!(rig.pool.is_empty());

    for transaction in &chain[..24] {
        rig.take(transaction);
    }
    assert_eq!(
        test(&mut rig, &chain[24..]).as_deref(),
        Some("package-mempool-limits, possibly too many unconfirmed ancestors [limit: 25]")
    );
    let replacing = [spend(&[coin], &[1000]), spend(&[other], &[900_000])];
    assert_eq!(test(&mut rig, &replacing).as_deref(), Some("transaction failed"));

    let submit = |rig: &mut Rig, package: &[Transaction]| {
        rig.pool.submit_package(&shared(package), &rig.model, NOW).error
    };
    let unrelated = [spend(&[other], &[900_000]), chain[0].clone()];
    assert_eq!(
        submit(&mut rig, &unrelated),
        Some(PackageError::NotChildWithParents)
    );
    assert_eq!(
        submit(&mut rig, &unrelated[..1]),
        Some(PackageError::NotChildWithParents)
    );
    let parent = spend(&[other], &[900_000]);
    let unknown = OutPoint::new(Txid::from_byte_array([9; 32]), 0);
    let child = spend(&[OutPoint::new(parent.compute_txid(), 0), unknown], &[800_000]);
    assert_eq!(
        submit(&mut rig, &[parent, child]),
        Some(PackageError::MissingParents)
    );
}

#[test]
fn of_a_package_with_a_bad_script_those_before_it_are_told_of() {
    let mut rig = Rig::new(Config::default());
    let coins = [(); 3].map(|()| rig.model.fund(100_000));
    let [first, second, third] = coins.map(|coin| spend(&[coin], &[90_000]));
    let bad = changed(&second, |one| {
        one.input[0].witness = Witness::from_slice(&[vec![0x52]]);
    });
    let package = shared(&[first.clone(), bad.clone(), third.clone()]);
    let tested = rig.pool.test_package(&package, &rig.model, NOW);
    assert_eq!(tested.error, Some(PackageError::Transaction));
    let outcome = |one: &Transaction| tested.transactions.get(&one.compute_wtxid());
    assert!(matches!(outcome(&first), Some(TransactionOutcome::Accepted(_))));
    assert!(matches!(outcome(&bad), Some(TransactionOutcome::Rejected(_))));
    assert!(outcome(&third).is_none(), "it was not looked at");
    assert!(rig.pool.is_empty());
}

#[test]
fn packages_to_submit_are_a_child_and_parents_that_know_nothing_of_one_another() {
    let coin = |number| OutPoint::new(Txid::from_byte_array([number; 32]), 0);
    let output = |transaction: &Transaction| OutPoint::new(transaction.compute_txid(), 0);
    let [first, second] = [1, 2].map(|number| spend(&[coin(number)], &[1_000]));
    let child = spend(&[output(&first), output(&second), coin(3)], &[500]);
    let heir = spend(&[output(&first)], &[900]);
    let child_of_both = spend(&[output(&first), output(&heir)], &[500]);
    for (package, expected) in [
        (vec![&first, &second, &child], true),
        (vec![&second, &first, &child], true),
        (vec![&first, &child], true),
        (vec![], false),
        (vec![&child], false),
        (vec![&child, &first], false),
        (vec![&first, &second, &heir], false),
        (vec![&first, &heir, &child_of_both], false),
    ] {
        let owned: Vec<Transaction> = package.into_iter().cloned().collect();
        assert_eq!(is_child_with_parents(&shared(&owned)), expected, "{owned:?}");
    }
}

#[test]
fn a_child_pays_for_its_parent_when_the_pool_asks_for_more() {
    let mut rig = Rig::new(Config {
        max_usage: 20_000,
        ..Config::default()
    });
    for place in 0..30 {
        let coin = rig.model.fund(100_000);
        rig.take(&spend(&[coin], &[98_000 - place * 10]));
    }
    let coin = rig.model.fund(1_000_000);
    let parent = spend(&[coin], &[999_800]);
    let asked = rig.pool.minimum_rate(NOW).fee(96);
    rig.check(
        &parent,
        RejectionKind::MempoolPolicy,
        &format!("mempool min fee not met, 200 < {asked}"),
    );
    let child_paying = |units: u64| spend(&[OutPoint::new(parent.compute_txid(), 0)], &[999_800 - units]);
    let poor = shared(&[parent.clone(), child_paying(300)]);
    assert_eq!(
        rig.pool.submit_package(&poor, &rig.model, NOW).error,
        Some(PackageError::FeeTooLow)
    );
    let package = shared(&[parent.clone(), child_paying(50_000)]);
    let result = rig.pool.submit_package(&package, &rig.model, NOW);
    assert_eq!(result.error, None);
    let Some(TransactionOutcome::Accepted(accepted)) = result.transactions.get(&parent.compute_wtxid())
    else {
        panic!("the parent is in: {result:?}");
    };
    assert_eq!(accepted.effective_rate, FeeRate::of(50_200_i64, 192));
    assert_eq!(accepted.effective_includes.len(), 2);
    let again = rig.pool.submit_package(&package, &rig.model, NOW);
    assert!(matches!(
        again.transactions.get(&parent.compute_wtxid()),
        Some(TransactionOutcome::InPool { .. })
    ));
}
