//! Numbers modulo the prime 2^3072 − 1103717.

/// How many 64-bit digits a number has.
const DIGITS: usize = 48;

/// By how much the modulus is below 2^3072.
const DIFFERENCE: u64 = 1_103_717;

/// How many ones the modulus less two, in binary, begins with.
const ONES: u32 = 3051;

/// The bits of the modulus less two that follow its ones.
const REST: u32 = (1 << 21) - 2 - 1_103_717;

/// A number from 0 to 2^3072 − 1, of which those that differ by the modulus count as the same. Digits begin with the
/// lowest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number([u64; DIGITS]);

impl Number {
    /// How many bytes a number is written in, the lowest first.
    pub(super) const LENGTH: usize = DIGITS * 8;

    pub(super) fn one() -> Self {
        let mut digits = [0; DIGITS];
        digits[0] = 1;
        Self(digits)
    }

    pub(super) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Self {
        let mut digits = [0; DIGITS];
        for (digit, bytes) in digits.iter_mut().zip(bytes.as_chunks().0) {
            *digit = u64::from_le_bytes(*bytes);
        }
        Self(digits)
    }

    pub(super) fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        for (bytes, digit) in bytes.as_chunks_mut().0.iter_mut().zip(self.0) {
            *bytes = digit.to_le_bytes();
        }
        bytes
    }

    /// The product.
    pub(super) fn times(&self, other: &Self) -> Self {
        let mut product = [0; 2 * DIGITS];
        for (place, &digit) in self.0.iter().enumerate() {
            let mut carry = 0;
            for (sum, &other) in product[place..].iter_mut().zip(&other.0) {
                (*sum, carry) = multiply_add(digit, other, *sum, carry);
            }
            product[place + DIGITS] = carry;
        }
        // 2^3072 is the difference to the modulus.
        let (low, high) = product.split_at(DIGITS);
        let mut digits = [0; DIGITS];
        let mut carry = 0;
        for (place, digit) in digits.iter_mut().enumerate() {
            (*digit, carry) = multiply_add(high[place], DIFFERENCE, low[place], carry);
        }
        let mut number = Self(digits);
        // What is carried is small now, and once it was added nothing more than one can be.
        while carry > 0 {
            carry = number.add(u128::from(carry) * u128::from(DIFFERENCE));
        }
        number
    }

    /// The number by which this one gives one; zero for zero.
    pub(super) fn inverse(&self) -> Self {
        // Fermat: it is the power of the modulus less two, which in binary is many ones and a few bits.
        let mut power = self.clone();
        let mut ones = 1;
        for bit in (0..ONES.ilog2()).rev() {
            power = power.squared(ones).times(&power);
            ones *= 2;
            if ONES >> bit & 1 == 1 {
                power = power.squared(1).times(self);
                ones += 1;
            }
        }
        for bit in (0..21).rev() {
            power = power.squared(1);
            if REST >> bit & 1 == 1 {
                power = power.times(self);
            }
        }
        power
    }

    /// The same number, below the modulus.
    pub(super) fn reduced(&self) -> Self {
        let mut reduced = self.clone();
        match reduced.add(DIFFERENCE.into()) {
            // It was the modulus or more, of which 2^3072 has been lost just now.
            1 => reduced,
            _ => self.clone(),
        }
    }

    fn squared(&self, times: u32) -> Self {
        (0..times).fold(self.clone(), |number, _turn| number.times(&number))
    }

    /// Adds, and returns how often 2^3072 was lost.
    fn add(&mut self, addend: u128) -> u64 {
        let mut carry = addend;
        for digit in &mut self.0 {
            if carry == 0 {
                break;
            }
            let sum = u128::from(*digit) + (carry & u128::from(u64::MAX));
            *digit = low(sum);
            carry = (carry >> 64) + (sum >> 64);
        }
        low(carry)
    }
}

/// The sum of a product and two digits, as its low and its high digit.
fn multiply_add(left: u64, right: u64, add: u64, carry: u64) -> (u64, u64) {
    let sum = u128::from(left) * u128::from(right) + u128::from(add) + u128::from(carry);
    (low(sum), low(sum >> 64))
}

/// The low digit.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the high digit is taken elsewhere"
)]
fn low(number: u128) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;

    fn modulus() -> BigUint {
        (BigUint::from(1_u8) << 3072_u32) - DIFFERENCE
    }

    fn value(number: &Number) -> BigUint {
        BigUint::from_bytes_le(&number.to_bytes())
    }

    /// Numbers of which many are near a border.
    fn any_number() -> impl Strategy<Value = Number> {
        let digit = prop_oneof![Just(0), Just(1), Just(u64::MAX), any::<u64>()];
        let border = (any::<bool>(), digit.clone()).prop_map(|(is_high, first)| {
            let mut digits = [if is_high { u64::MAX } else { 0 }; DIGITS];
            digits[0] = first;
            Number(digits)
        });
        let mixed = prop::collection::vec(digit, DIGITS)
            .prop_map(|digits| Number(digits.try_into().expect("there are as many")));
        let modulus = (0_u64..3).prop_map(|more| {
            let mut digits = [u64::MAX; DIGITS];
            digits[0] = 0_u64.wrapping_sub(DIFFERENCE) - 1 + more;
            Number(digits)
        });
        prop_oneof![border, mixed, modulus]
    }

    #[test]
    fn the_modulus_less_two_is_ones_and_the_rest() {
        let ones = (BigUint::from(1_u8) << ONES) - 1_u8;
        assert_eq!((ones << 21_u32) + REST, modulus() - 2_u8);
    }

    proptest! {
        #[test]
        fn products_and_bytes_are_those_of_large_integers(left in any_number(), right in any_number()) {
            let product = left.times(&right).reduced();
            prop_assert_eq!(value(&product), value(&left) * value(&right) % modulus());
            prop_assert_eq!(value(&left.reduced()), value(&left) % modulus());
            prop_assert_eq!(Number::from_bytes(&left.to_bytes()), left);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn a_number_times_its_inverse_is_one(number in any_number()) {
            prop_assume!(value(&number.reduced()) != BigUint::ZERO);
            prop_assert_eq!(number.times(&number.inverse()).reduced(), Number::one());
        }
    }
}
