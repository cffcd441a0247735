//! Two implementations that should be the same, asked the same.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::draw::Draw;
use super::objects::{INTERFACES, Object};
use crate::Init;

/// Calls of each method.
const DRAWS: u64 = 24;

/// Objects that a [`Walk`] keeps at once.
const KEPT: usize = 12;

/// Calls every method that can be reached from two roots, with the same arguments on both sides, and checks that the
/// answers are the same: values, absences, refusals, errors and objects, and what callbacks are called with.
///
/// `left_out` names methods that are not compared, as in `Init.make_chain`.
///
/// Returns the names of the interfaces whose objects were reached.
///
/// # Panics
/// Two answers differ.
pub async fn check_every_method(
    left: Arc<dyn Init>,
    right: Arc<dyn Init>,
    left_out: &[&str],
) -> BTreeSet<&'static str> {
    let mut reached = BTreeSet::new();
    let mut pairs = VecDeque::from([(Object::Init(left), Object::Init(right))]);
    while let Some((left, right)) = pairs.pop_front() {
        if !reached.insert(left.interface()) {
            continue;
        }
        for (method, name) in left.methods().into_iter().enumerate() {
            if left_out.contains(&name) {
                continue;
            }
            for seed in 0..DRAWS {
                pairs.extend(compare(&left, &right, method, seed).await);
            }
        }
    }
    reached
}

/// The interfaces whose objects a caller can be given. The others are called back, and are compared with each method
/// that is given one of them.
#[must_use]
pub fn interfaces_of_results() -> BTreeSet<&'static str> {
    let called_back = [
        "RpcMethod",
        "Notifications",
        "NodeEvents",
        "WalletEvents",
        "LoadWalletListener",
    ];
    INTERFACES
        .iter()
        .copied()
        .filter(|name| !called_back.contains(name))
        .collect()
}

/// A walk over two roots and the objects that calls give, which may be dropped at any time.
pub struct Walk {
    pairs: Vec<(Object, Object)>,
    left_out: Vec<&'static str>,
}

impl Walk {
    /// A walk that begins at two roots. `left_out` names methods that are not called, as in `Init.make_chain`.
    #[must_use]
    pub fn new(left: Arc<dyn Init>, right: Arc<dyn Init>, left_out: &[&'static str]) -> Self {
        Self {
            pairs: vec![(Object::Init(left), Object::Init(right))],
            left_out: left_out.to_vec(),
        }
    }

    /// Makes the call, or drops the object, that `choice` stands for, on both sides.
    ///
    /// # Panics
    /// Two answers differ.
    pub async fn step(&mut self, choice: u64) {
        let mut draw = Draw::new(choice);
        let n_pairs = self.pairs.len() as u64;
        let index =
            usize::try_from(draw.below(n_pairs)).expect("it is an index because it is below the length");
        if index > 0 && (draw.below(6) == 0 || self.pairs.len() > KEPT) {
            self.pairs.swap_remove(index);
            return;
        }
        let (left, right) = self.pairs[index].clone();
        let methods: Vec<_> = left
            .methods()
            .into_iter()
            .enumerate()
            .filter(|(_, name)| !self.left_out.contains(name))
            .map(|(method, _)| method)
            .collect();
        let method = draw.choose(&methods);
        let found = compare(&left, &right, method, draw.number()).await;
        self.pairs.extend(found);
    }
}

/// Makes one call on both sides, and returns the objects that it gave.
async fn compare(left: &Object, right: &Object, method: usize, seed: u64) -> Vec<(Object, Object)> {
    let expected = left.call(method, Draw::new(seed)).await;
    let found = right.call(method, Draw::new(seed)).await;
    let name = left.methods()[method];
    assert_eq!(
        expected.text, found.text,
        "{name} drawn from {seed} answers otherwise"
    );
    expected.objects.into_iter().zip(found.objects).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;

    use crate::{Echo, Init, InterfaceError, LocalEcho, LocalInit, Mining, suite};

    /// Gives another echo than the one whose requests it has.
    struct Swapped(Arc<dyn Init>);

    #[async_trait]
    impl Init for Swapped {
        async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
            Ok(Arc::new(LocalEcho))
        }

        async fn make_mining(&self) -> Result<Arc<dyn Mining>, InterfaceError> {
            self.0.make_mining().await
        }
    }

    #[tokio::test]
    #[should_panic(expected = "Init.make_mining drawn from 0 answers otherwise")]
    async fn an_absent_object_is_found_out() {
        suite::check_every_method(suite::recorder(), Arc::new(LocalInit), &["Init.make_echo"]).await;
    }

    #[tokio::test]
    #[should_panic(expected = "Init.make_echo drawn from 0 answers otherwise")]
    async fn another_object_is_found_out() {
        let swapped = Swapped(suite::recorder());
        suite::check_every_method(suite::recorder(), Arc::new(swapped), &[]).await;
    }
}
