//! Which branches of `OP_IF` are run.

/// The branches that enclose an operation.
///
/// What the branches inside of one that is not run look like does not matter: it is enough to know how many there are.
/// A script of nothing but `OP_IF` costs no more than any other so.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    depth: usize,
    /// How many enclose the outermost branch that is not run.
    first_false: Option<usize>,
}

impl Conditions {
    /// Whether no branch is open.
    pub(super) fn is_empty(&self) -> bool {
        self.depth == 0
    }

    /// Whether operations are run here.
    pub(super) fn all_true(&self) -> bool {
        self.first_false.is_none()
    }

    /// Opens a branch.
    pub(super) fn push(&mut self, condition: bool) {
        if self.first_false.is_none() && !condition {
            self.first_false = Some(self.depth);
        }
        self.depth += 1;
    }

    /// Closes the innermost branch; false if none is open.
    pub(super) fn pop(&mut self) -> bool {
        let Some(depth) = self.depth.checked_sub(1) else {
            return false;
        };
        self.depth = depth;
        if self.first_false == Some(depth) {
            self.first_false = None;
        }
        true
    }

    /// Goes over to the other branch of the innermost; false if none is open.
    pub(super) fn toggle(&mut self) -> bool {
        let Some(innermost) = self.depth.checked_sub(1) else {
            return false;
        };
        match self.first_false {
            None => self.first_false = Some(innermost),
            Some(first) if first == innermost => self.first_false = None,
            Some(_) => (),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_count_stands_for_all_branches(steps in proptest::collection::vec(0_u8..4, 0..64)) {
            let mut conditions = Conditions::default();
            let mut model = Vec::new();
            for step in steps {
                match step {
                    0 | 1 => {
                        conditions.push(step == 1);
                        model.push(step == 1);
                    }
                    2 => prop_assert_eq!(conditions.pop(), model.pop().is_some()),
                    _ => {
                        prop_assert_eq!(conditions.toggle(), !model.is_empty());
                        if let Some(last) = model.last_mut() {
                            *last = !*last;
                        }
                    }
                }
                prop_assert_eq!(conditions.is_empty(), model.is_empty());
                prop_assert_eq!(conditions.all_true(), model.iter().all(|condition| *condition));
            }
        }
    }
}
