//! When a rule begins to hold.

/// The height from which a rule holds, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activation(Option<u32>);

impl Activation {
    /// The rule never holds.
    pub const NEVER: Self = Self(None);

    /// The rule holds for the block of this height and all after it.
    #[must_use]
    pub const fn at(height: u32) -> Self {
        Self(Some(height))
    }

    /// Whether the rule holds for the block of this height.
    #[must_use]
    pub fn is_active(self, height: u32) -> bool {
        self.0.is_some_and(|first| height >= first)
    }

    /// The first height at which it holds.
    #[must_use]
    pub fn height(self) -> Option<u32> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_holds_from_its_height_on() {
        assert!(!Activation::at(432).is_active(431));
        assert!(Activation::at(432).is_active(432));
        assert!(Activation::at(0).is_active(0));
        assert!(!Activation::NEVER.is_active(u32::MAX));
    }
}
